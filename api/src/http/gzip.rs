//! Answers in fewer bytes, for clients that read gzip. Quick rather than small: an answer is written once and read once.

use flate2::{Compression, write::GzEncoder};
use poem::http::{HeaderMap, header};
use std::io::Write;

/// Shorter answers are sent as they are.
const WORTHWHILE: usize = 1_024;

/// The answer compressed; as it is when the client does not read gzip, or when it is short.
pub(super) fn compress(answer: Vec<u8>, client: &HeaderMap) -> (Vec<u8>, bool) {
    if answer.len() <= WORTHWHILE || !is_read(client) {
        return (answer, false);
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(answer.len() / 4), Compression::fast());
    // writing into memory does not fail; if it did, the answer is sent as it is
    match encoder.write_all(&answer).and_then(|()| encoder.finish()) {
        Ok(compressed) => (compressed, true),
        Err(_) => (answer, false),
    }
}

/// Whether `Accept-Encoding` allows gzip; RFC 9110 section 12.5.3. What is not said is not assumed.
fn is_read(headers: &HeaderMap) -> bool {
    let (mut named, mut any) = (None, None);
    for (name, quality) in super::media::listed(headers, header::ACCEPT_ENCODING) {
        match name.as_str() {
            "gzip" | "x-gzip" => named = Some(quality),
            "*" => any = Some(quality),
            _ => {}
        }
    }
    named.or(any).is_some_and(|quality| quality > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use poem::http::HeaderValue;
    use std::io::Read;

    fn client(accept: &str) -> HeaderMap {
        [(header::ACCEPT_ENCODING, HeaderValue::from_str(accept).unwrap())].into_iter().collect()
    }

    #[test]
    fn only_who_reads_gzip_gets_it() {
        for (accept, read) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br, deflate", false),
            ("identity", false),
            ("*;q=0", false),
            ("", false),
        ] {
            assert_eq!(is_read(&client(accept)), read, "{accept}");
        }
        assert!(!is_read(&HeaderMap::new()));
    }

    #[test]
    fn long_answers_are_compressed_and_short_ones_are_not() {
        let long = b"answer ".repeat(200);
        let (bytes, compressed) = compress(long.clone(), &client("gzip"));
        assert!(compressed && bytes.len() < 200);
        let mut read = Vec::new();
        GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, long);
        assert_eq!(compress(vec![7; WORTHWHILE], &client("gzip")), (vec![7; WORTHWHILE], false));
        assert_eq!(compress(long.clone(), &HeaderMap::new()), (long, false));
    }
}
