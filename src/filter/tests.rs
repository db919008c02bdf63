use super::*;
use proptest::prelude::*;

/// A unit, as a list would hold it.
struct Sample {
    name: &'static str,
    description: &'static str,
    restarts: f64,
    memory: Option<f64>,
    age: f64,
    prio: f64,
}

impl Row for Sample {
    fn texts(&self, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        visit(self.name.as_bytes()) || visit(self.description.as_bytes())
    }

    fn field(&self, name: &str) -> Option<Value<'_>> {
        match name {
            "unit" | "name" => Some(self.name.into()),
            "description" => Some(self.description.into()),
            "restarts" => Some(Value::Number(self.restarts)),
            "memory" => self.memory.map(Value::Number),
            "age" => Some(Value::Number(self.age)),
            "prio" => Some(Value::Number(self.prio)),
            _ => None,
        }
    }
}

const NGINX: Sample = Sample {
    name: "nginx.service",
    description: "Nginx Web Server at /etc/nginx/nginx.conf",
    restarts: 3.0,
    memory: Some(2.0 * 1024.0 * 1024.0 * 1024.0),
    age: 9_000.0,
    prio: 3.0,
};

#[test]
fn terms_match_as_the_help_says() {
    let cases = [
        ("", true),
        ("nginx", true),
        ("NGINX", false),
        ("Nginx", true),
        ("web server", true),
        ("\"web server\"", true),
        ("\"server web\"", false),
        ("nginx !web", false),
        ("!apache", true),
        ("!!", true),
        ("/^nginx/", true),
        ("/w.b s/", true),
        ("/W.B/", false),
        ("/W.B/i", true),
        ("/etc/nginx", true),
        ("/var/nginx", false),
        ("~ngxsv", true),
        ("~vsxgn", false),
        ("unit:nginx", true),
        ("name:nginx", true),
        ("unit:apache,nginx", true),
        ("unit:=nginx", false),
        ("unit:=nginx.service", true),
        ("unit=nginx.service", true),
        ("unit:!nginx", false),
        ("!unit:nginx", false),
        ("unit:!apache", true),
        ("unit:/^ng.*vice$/", true),
        ("unit:~ngsv", true),
        ("desc:\"Web Server\"", true),
        ("age>2h", true),
        ("age>2h30m", false),
        ("age>=2h30m", true),
        ("age<1d", true),
        ("restarts>=3", true),
        ("restarts:3", true),
        ("restarts:1,3", true),
        ("restarts:!3", false),
        ("memory>1G", true),
        ("memory>=2GiB", true),
        ("mem>2G", false),
        ("prio:<=3", true),
        ("prio:<=err", true),
        ("prio:err", true),
        ("prio:warning", true),
        ("prio:=warning", false),
        ("prio:crit", false),
        ("prio:!crit", true),
        ("prio:crit,err", true),
        ("prio:warning,info", false),
        ("prio<3", false),
        ("state:failed", false),
        ("state:!failed", true),
        ("https://example.org", false),
        ("key=value", false),
    ];
    for (text, expected) in cases {
        let filter = Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(filter.matches(&NGINX), expected, "{text}");
    }
}

#[test]
fn a_row_without_the_value_passes_no_comparison() {
    let idle = Sample {
        memory: None,
        ..NGINX
    };
    for (text, expected) in [
        ("memory>0", false),
        ("memory<1T", false),
        ("!memory>0", true),
    ] {
        assert_eq!(
            Filter::parse(text).unwrap().matches(&idle),
            expected,
            "{text}"
        );
    }
}

#[test]
fn mistakes_say_where_and_what_to_write() {
    let cases = [
        ("hots:web", "hots", "did you mean `host`?"),
        ("nginx zzzz:web", "zzzz", "put the word in quotes"),
        ("age>soon", "soon", "not a time span"),
        ("memory>1X", "1X", "not a size"),
        ("restarts>", ">", "a value is missing"),
        ("prio:loud", "loud", "not a priority"),
        ("unit:", ":", "a value is missing"),
        ("unit>x", ">x", "is text"),
        ("\"open", "\"open", "not closed"),
        ("a !", "!", "needs something"),
        ("~", "~", "needs characters"),
        ("/(/", "/(/", "not a regular expression: unclosed group"),
        ("/a{9999}{9999}/", "/a{9999}{9999}/", "too large"),
    ];
    for (text, place, part) in cases {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(
            text.get(error.span.clone()),
            Some(place),
            "{text}: {error:?}"
        );
        assert!(error.message.contains(part), "{text}: {}", error.message);
    }
}

#[test]
fn fields_a_list_does_not_have_are_refused() {
    assert!(Filter::parse_for("prio:3", &["host", "prio"]).is_ok());
    let error = Filter::parse_for("prio:3", &["host"]).unwrap_err();
    assert_eq!(error.message, "rows of this list have no field `prio`");
}

#[test]
fn highlights_are_the_matched_words() {
    let filter = Filter::parse("err /time.?out/ !ok unit:nginx ~wrt").unwrap();
    let text = "Error: write timeout, err 5 ok";
    let found: Vec<_> = filter
        .highlights(text)
        .into_iter()
        .filter_map(|r| text.get(r))
        .collect();
    assert_eq!(found, ["Err", "wr", "t", "timeout", "err"]);
}

#[test]
fn made_terms_are_understood() {
    let values = [
        "nginx.service",
        "a b",
        "q\"uote\\",
        "",
        "a,b",
        "/x/",
        "~y",
        "!z",
        "=w",
    ];
    for value in values {
        for not in [false, true] {
            let text = term_for("unit", value, not);
            let filter = Filter::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            struct One<'a>(&'a str);
            impl Row for One<'_> {
                fn texts(&self, _: &mut dyn FnMut(&[u8]) -> bool) -> bool {
                    false
                }
                fn field(&self, name: &str) -> Option<Value<'_>> {
                    (name == "unit").then(|| self.0.into())
                }
            }
            assert_eq!(filter.matches(&One(value)), !not, "{text}");
            assert_eq!(filter.matches(&One("something else")), not, "{text}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_parses_or_names_a_place_in_it(text in "[ -~äß世\\t]{0,40}", row in "\\PC{0,60}") {
        match Filter::parse(&text) {
            Ok(filter) => {
                filter.matches(&NGINX);
                let mut end = 0;
                for range in filter.highlights(&row) {
                    prop_assert!(range.start >= end && range.start < range.end);
                    prop_assert!(row.get(range.clone()).is_some());
                    end = range.end;
                }
            }
            Err(error) => prop_assert!(text.get(error.span.clone()).is_some(), "{error:?}"),
        }
    }

    #[test]
    fn a_quoted_text_is_found_where_it_occurs(
        before in "[a-z ]{0,10}", needle in "[ -~äÖ世]{1,12}", after in "[a-z ]{0,10}",
    ) {
        let text = format!("{before}{needle}{after}");
        let filter = Filter::parse(&quote(&needle)).unwrap();
        prop_assert!(!filter.highlights(&text).is_empty());
    }

    #[test]
    fn negation_is_the_opposite(term in "[a-z]{1,4}|/[a-z.]{1,3}/|~[a-z]{1,3}|age>[1-9]h|unit:[a-z]{1,3}") {
        let yes = Filter::parse(&term).unwrap().matches(&NGINX);
        let no = Filter::parse(&format!("!{term}")).unwrap().matches(&NGINX);
        prop_assert_ne!(yes, no);
    }
}
