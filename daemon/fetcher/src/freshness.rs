//! How long a file may be kept by the rules of HTTP (RFC 9111), for a private cache.

use std::time::SystemTime;

use credexd::web_credentials::fetch::Freshness;
use http_cache_semantics::{CacheOptions, CachePolicy};
use ureq::http::{Request, Response};

/// The headers that say so, and those by which one could ask again.
const HEADERS: [&str; 7] = [
    "age",
    "cache-control",
    "date",
    "etag",
    "expires",
    "last-modified",
    "vary",
];
/// The longest value that is repeated, in characters.
const MAX_VALUE: usize = 200;

/// The freshness of `response` to `request`.
pub(crate) fn of<Q, P>(request: &Request<Q>, response: &Response<P>) -> Freshness {
    let headers = HEADERS.iter().filter_map(|name| {
        let value = response.headers().get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.chars().take(MAX_VALUE).collect()))
    });
    let now = SystemTime::now();
    let options = CacheOptions {
        shared: false,
        ..CacheOptions::default()
    };
    let policy = CachePolicy::new_options(request, response, now, options);
    let seconds = if policy.is_storable() {
        policy.time_to_live(now).as_secs()
    } else {
        0
    };
    Freshness {
        seconds,
        headers: headers.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(headers: &[(&str, &str)]) -> u64 {
        let request = Request::get("https://example.org/").body(()).unwrap();
        let mut response = Response::builder().status(200);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        of(&request, &response.body(()).unwrap()).seconds
    }

    #[test]
    fn a_file_is_fresh_for_as_long_as_http_says() {
        for (headers, expected) in [
            (&[("cache-control", "max-age=7200")][..], 7200),
            (
                &[("cache-control", "public, max-age=7200"), ("age", "200")],
                7000,
            ),
            (&[("cache-control", "max-age=60, s-maxage=7200")], 60),
            (&[("cache-control", "no-store, max-age=7200")], 0),
            (&[("cache-control", "no-cache, max-age=7200")], 0),
            (&[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")], 0),
            (&[("expires", "0")], 0),
            (&[], 0),
        ] {
            assert_eq!(seconds(headers), expected, "{headers:?}");
        }
    }
}
