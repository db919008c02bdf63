//! What stands behind the question mark: filters, sorting, pages.

use super::{error::ApiError, item::Item};
use serde_json::{Value, json};

/// Items a page when nothing is asked for.
const DEFAULT_PAGE: usize = 25;
/// The most items of a page.
const MAX_PAGE: usize = 50;

/// The query's parameters in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// A page, and what its `meta` and `Link` need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) per_page: usize,
    pub(super) total: usize,
}

impl Query {
    /// Reads `a=b&c=d`, percent-decoded.
    pub(super) fn parse(text: &str) -> Query {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Query(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub(super) fn one(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let found = pairs.find(|(found, _)| found == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a parameter says yes, in whatever case a client writes it.
    pub(super) fn flag(&self, key: &str) -> bool {
        self.one(key)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.0.iter().filter(move |(found, _)| found == key);
        pairs.map(|(_, value)| value.as_str())
    }

    /// Whether a field is one of those asked for, or none were.
    pub(super) fn admits(&self, key: &str, value: &str) -> bool {
        let mut asked = self.all(key).peekable();
        asked.peek().is_none() || asked.any(|asked| asked == value)
    }

    /// Sorts by `sort=`; by id where it is not given.
    pub(super) fn sort(&self, items: &mut [&Item], allowed: &[&str]) -> Result<(), ApiError> {
        let mut orders = Vec::new();
        for text in self.all("sort").flat_map(|text| text.split(',')) {
            let (key, down) = match text.split_once(':') {
                None | Some((_, "asc")) => (text.trim_end_matches(":asc"), false),
                Some((key, "desc")) => (key, true),
                Some(_) => return Err(ApiError::field("sort", "invalid sort direction")),
            };
            if !allowed.contains(&key) {
                return Err(ApiError::field("sort", format!("cannot sort by '{key}'")));
            }
            orders.push((key, down));
        }
        orders.push(("id", false));
        items.sort_by(|a, b| {
            let mut order = std::cmp::Ordering::Equal;
            for (key, down) in &orders {
                let next = match (a.get(key), b.get(key)) {
                    (Value::Number(a), Value::Number(b)) => a.as_u64().cmp(&b.as_u64()),
                    (a, b) => a.as_str().cmp(&b.as_str()),
                };
                order = order.then(if *down { next.reverse() } else { next });
            }
            order
        });
        Ok(())
    }

    /// Which page is asked for.
    pub(super) fn page(&self, total: usize) -> Result<Page, ApiError> {
        let read = |key: &str, default: usize| match self.one(key) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(ApiError::field(key, "must be a positive number")),
            },
        };
        Ok(Page {
            number: read("page", 1)?,
            per_page: read("per_page", DEFAULT_PAGE)?.min(MAX_PAGE),
            total,
        })
    }

    /// The query with another page, for `Link`.
    fn with_page(&self, page: usize) -> String {
        let mut text = String::new();
        for (key, value) in self.0.iter().filter(|(key, _)| key != "page") {
            text.push_str(&format!("{}={}&", encode(key), encode(value)));
        }
        format!("{text}page={page}")
    }
}

impl Page {
    fn last(self) -> usize {
        self.total.div_ceil(self.per_page).max(1)
    }

    /// Those of a list that are on the page.
    pub(super) fn cut<T: Copy>(self, items: &[T]) -> Vec<T> {
        let start = self.number.saturating_sub(1).saturating_mul(self.per_page);
        items
            .iter()
            .skip(start)
            .take(self.per_page)
            .copied()
            .collect()
    }

    /// The `pagination` object.
    pub(super) fn meta(self) -> Value {
        json!({
            "page": self.number,
            "per_page": self.per_page,
            "previous_page": (self.number > 1).then(|| self.number - 1),
            "next_page": (self.number < self.last()).then(|| self.number + 1),
            "last_page": self.last(),
            "total_entries": self.total,
        })
    }

    /// The `Link` header's value.
    pub(super) fn link(self, place: &str, query: &Query) -> String {
        let mut links = Vec::new();
        let mut link = |page: usize, rel: &str| {
            links.push(format!(
                "<{place}?{}>; rel=\"{rel}\"",
                query.with_page(page)
            ));
        };
        if self.number > 1 {
            link(self.number - 1, "prev");
        }
        if self.number < self.last() {
            link(self.number + 1, "next");
        }
        link(self.last(), "last");
        links.join(", ")
    }
}

/// Percent-decodes; what is no such sequence stays.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match byte {
            b'+' => out.push(b' '),
            b'%' => match (hex(ahead.next()), hex(ahead.next())) {
                (Some(high), Some(low)) => {
                    out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                    bytes = ahead;
                }
                _ => out.push(b'%'),
            },
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_tell_where_they_are() {
        let query = Query::parse("page=2&per_page=2&label_selector=a%3Db+c");
        assert_eq!(query.one("label_selector"), Some("a=b c"));
        let page = query.page(5).unwrap();
        assert_eq!(page.cut(&[1, 2, 3, 4, 5]), [3, 4]);
        assert_eq!(
            page.meta(),
            json!({"page": 2, "per_page": 2, "previous_page": 1, "next_page": 3, "last_page": 3,
                   "total_entries": 5})
        );
        assert_eq!(
            page.link("http://x/v1/servers", &Query::parse("per_page=2&page=2")),
            "<http://x/v1/servers?per_page=2&page=1>; rel=\"prev\", \
             <http://x/v1/servers?per_page=2&page=3>; rel=\"next\", \
             <http://x/v1/servers?per_page=2&page=3>; rel=\"last\""
        );
        assert!(Query::parse("page=0").page(1).is_err());
        assert_eq!(Query::parse("per_page=500").page(1).unwrap().per_page, 50);
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
