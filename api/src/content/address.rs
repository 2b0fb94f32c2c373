//! What an address is: http and https, and where it ends in running text.

/// Whether a text starts as an address does.
pub(super) fn is_http(text: &str) -> bool {
    let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

/// The host name of an address, without a port.
pub(super) fn host(address: &str) -> Option<String> {
    url::Url::parse(address).ok()?.host_str().map(str::to_owned)
}

/// Marks that end a sentence or a quotation where no space follows them, and that addresses have percent-encoded.
pub(super) const ENDS: [char; 20] = [
    '。', '，', '、', '！', '？', '：', '；', '（', '）', '「', '」', '『', '』', '【', '】', '《', '》', '“', '”', '»',
];
