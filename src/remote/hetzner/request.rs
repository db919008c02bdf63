//! A request to the API, as data.

use super::{budget::Priority, retry::Repeat};
use reqwest::{Method, Url};
use serde_json::Value;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    /// Segments after the version; each may hold anything.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
    pub(super) priority: Priority,
}

impl Request {
    fn new(method: Method, path: &[&str], repeat: Repeat, priority: Priority) -> Request {
        Request {
            method,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            query: Vec::new(),
            body: None,
            repeat,
            priority,
        }
    }

    /// A question.
    pub fn get(path: &[&str], priority: Priority) -> Request {
        Request::new(Method::GET, path, Repeat::Asks, priority)
    }

    /// Says how something shall be.
    pub fn put(path: &[&str], body: Value) -> Request {
        Request::new(Method::PUT, path, Repeat::Same, Priority::Acting).body(body)
    }

    /// Removes something.
    pub fn delete(path: &[&str]) -> Request {
        Request::new(Method::DELETE, path, Repeat::Same, Priority::Acting)
    }

    /// Does something; `repeat` says whether twice is the same as once.
    pub fn post(path: &[&str], body: Value, repeat: Repeat) -> Request {
        Request::new(Method::POST, path, repeat, Priority::Acting).body(body)
    }

    /// Adds what is sent along.
    pub fn body(mut self, body: Value) -> Request {
        self.body = Some(body);
        self
    }

    /// Adds a parameter; one of a name may be added several times.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Request {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The whole address. Segments and parameters are encoded: nothing in them leads elsewhere.
    pub(super) fn url(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for part in &self.path {
                // These two would be taken for steps in the path.
                match part.as_str() {
                    "." | ".." => segments.push("%2E"),
                    part => segments.push(part),
                };
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    /// As plans and logs show it: `POST /servers/5/actions/reboot`, with the body if there is one.
    pub fn shown(&self) -> String {
        let mut text = format!("{} /{}", self.method, self.path.join("/"));
        if let Some(body) = self
            .body
            .as_ref()
            .filter(|body| **body != serde_json::json!({}))
        {
            text += &format!(" {body}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_leads_elsewhere() {
        let endpoint: Url = "https://api.hetzner.cloud/v1".parse().unwrap();
        let url = |path: &[&str]| {
            Request::get(path, Priority::Looking)
                .url(&endpoint)
                .to_string()
        };
        assert_eq!(
            url(&["servers", "5"]),
            "https://api.hetzner.cloud/v1/servers/5"
        );
        for name in ["..", ".", "a/b", "?x=1", "#f", "//evil.example", "%2e%2e"] {
            let url: Url = url(&["zones", name]).parse().unwrap();
            assert_eq!(url.host_str(), Some("api.hetzner.cloud"), "{name}");
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            assert_eq!((segments.len(), segments[1]), (3, "zones"), "{name}: {url}");
            assert_eq!(url.query(), None, "{name}");
        }
        let labelled = Request::get(&["servers"], Priority::Looking)
            .with("label_selector", "a in (b,c),!d")
            .url(&endpoint);
        assert_eq!(labelled.query_pairs().next().unwrap().1, "a in (b,c),!d");
    }
}
