//! User agents: which family of browser, system and device, and whether it is a person's at all. Each distinct user
//! agent is classified once and remembered; how many are remembered is bounded, and so is how much of one is looked at.

use super::capped;
use crate::memory::bounded;
use contract::click::{Device, Exclusion};
use isbot::Bots;
use quick_cache::sync::Cache;
use std::sync::Arc;
use woothee::parser::Parser;

/// How many user agents are remembered.
const REMEMBERED: usize = 10_000;
/// How much of a user agent is looked at, in bytes.
const MAX_LENGTH: usize = 512;
/// Longest name of a browser or a system, in bytes.
const MAX_NAME: usize = 40;

/// Words in the user agents of those who fetch a link to show a preview of it, in lower case. In-app browsers of the
/// same companies ("FBAN", "Instagram", "[Pinterest/", "Line/" behind "Mozilla/5.0") are people's and have none of
/// them.
const PREVIEWERS: [&str; 38] = [
    "facebookexternalhit",
    "facebookcatalog",
    "facebot",
    "twitterbot",
    "linkedinbot",
    "slackbot",
    "slack-imgproxy",
    "telegrambot",
    "discordbot",
    "skypeuripreview",
    "microsoftpreview",
    "pinterestbot",
    "pinterest.com/bot",
    "redditbot",
    "mastodon/",
    "pleroma",
    "akkoma",
    "misskey/",
    "lemmy/",
    "friendica",
    "cardyb",
    "iframely",
    "embedly",
    "vkshare",
    "line-poker",
    "kakaotalk-scrap",
    "google-pagerenderer",
    "yahoo link preview",
    "bitlybot",
    "snap url preview",
    "xing-contenttabreceiver",
    "zoombot",
    "mattermost-",
    "synapse (bot",
    "notionembedder",
    "nextcloud server crawler",
    "flipboardproxy",
    "quora link preview",
];
/// The same, where the user agent begins with the word: "WhatsApp/2.23.20.0 A" fetches a preview.
const PREVIEWERS_FIRST: [&str; 4] = ["whatsapp", "viber", "zalo", "tumblr/"];
/// Phones whose name reads like a robot's.
const NOT_BOTS: [&str; 1] = ["cubot"];

/// A user agent, reduced to families.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Kind of device.
    pub device: Device,
    /// Family of the browser.
    pub browser: Option<String>,
    /// Family of the operating system.
    pub os: Option<String>,
    /// Why it is no person's; `None` for a person's.
    pub exclusion: Option<Exclusion>,
}

/// User agents met so far.
pub struct Agents {
    met: Cache<Box<[u8]>, Arc<Agent>>,
    none: Arc<Agent>,
    bots: Bots,
}

impl Default for Agents {
    fn default() -> Self {
        Self::new()
    }
}

impl Agents {
    /// Has met none; compiles the patterns.
    #[must_use]
    pub fn new() -> Self {
        let exclusion = Some(Exclusion::NoUserAgent);
        let none = Agent { device: Device::Other, browser: None, os: None, exclusion };
        Self { met: bounded(REMEMBERED), none: Arc::new(none), bots: Bots::default() }
    }

    /// Classifies the header's value.
    #[must_use]
    pub fn classify(&self, user_agent: &[u8]) -> Arc<Agent> {
        let looked_at = user_agent.get(..MAX_LENGTH).unwrap_or(user_agent);
        if let Some(agent) = self.met.get(looked_at) {
            return agent;
        }
        let text = String::from_utf8_lossy(looked_at);
        if text.trim_matches(|character: char| character.is_whitespace() || character == '-').is_empty() {
            return self.none.clone();
        }
        let agent = Arc::new(self.reduce(&text));
        self.met.insert(looked_at.into(), agent.clone());
        agent
    }

    fn reduce(&self, user_agent: &str) -> Agent {
        let lower = user_agent.to_ascii_lowercase();
        let parsed = Parser::new().parse(user_agent).unwrap_or_default();
        let exclusion = if is_previewer(&lower) {
            Some(Exclusion::PreviewCrawler)
        } else if NOT_BOTS.iter().any(|name| lower.contains(name)) {
            None
        } else if parsed.category == "crawler" || self.bots.is_bot(&lower) {
            Some(Exclusion::Bot)
        } else {
            None
        };
        let known = |name: &str| match name {
            "" | "UNKNOWN" => None,
            _ => Some(capped(name, MAX_NAME).to_owned()),
        };
        Agent {
            device: device(parsed.category, &lower),
            browser: browser(parsed.name, &lower).or_else(|| known(parsed.name)),
            os: known(parsed.os).map(os),
            exclusion,
        }
    }
}

fn is_previewer(lower: &str) -> bool {
    PREVIEWERS.iter().any(|word| lower.contains(word)) || PREVIEWERS_FIRST.iter().any(|word| lower.starts_with(word))
}

/// The category tells phones and computers apart; tablets are told by their own words.
fn device(category: &str, lower: &str) -> Device {
    let tablet = lower.contains("ipad")
        || lower.contains("tablet")
        || lower.contains("kindle")
        || lower.contains("android") && !lower.contains("mobile");
    match category {
        "smartphone" | "pc" | "UNKNOWN" | "" if tablet => Device::Tablet,
        "smartphone" | "mobilephone" => Device::Phone,
        "pc" => Device::Desktop,
        _ => Device::Other,
    }
}

/// In-app browsers by the app, and browsers that look like another one.
fn browser(parsed: &str, lower: &str) -> Option<String> {
    const APPS: [(&str, &str); 13] = [
        ("fban/", "Facebook"),
        ("fbav/", "Facebook"),
        ("fb_iab", "Facebook"),
        ("instagram", "Instagram"),
        ("musical_ly", "TikTok"),
        ("bytedancewebview", "TikTok"),
        ("[linkedinapp]", "LinkedIn"),
        ("snapchat/", "Snapchat"),
        ("pinterest/", "Pinterest"),
        ("twitter for", "X"),
        (" line/", "Line"),
        ("micromessenger", "WeChat"),
        ("duckduckgo/", "DuckDuckGo"),
    ];
    let app = APPS.iter().find(|(word, _)| lower.contains(word)).map(|(_, name)| (*name).to_owned());
    app.or_else(|| (parsed == "Webview").then(|| "WebView".to_owned()))
}

/// "Windows 10" and "Windows 8.1" are one family, and so are the names of Apple's phones and tablets.
fn os(name: String) -> String {
    match name.as_str() {
        windows if windows.starts_with("Windows") && !windows.contains("Phone") => "Windows".to_owned(),
        "Mac OSX" | "Mac OS Classic" => "macOS".to_owned(),
        "iPhone" | "iPad" | "iPod" | "iOS" => "iOS".to_owned(),
        "ChromeOS" => "ChromeOS".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPHONE: &str =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";

    fn chrome(system: &str, kind: &str) -> String {
        format!("Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 {kind}Safari/537.36")
    }

    fn classify(user_agent: &str) -> Agent {
        Agents::new().classify(user_agent.as_bytes()).as_ref().clone()
    }

    fn families(user_agent: &str) -> (Device, Option<String>, Option<String>) {
        let agent = classify(user_agent);
        assert_eq!(agent.exclusion, None, "{user_agent}");
        (agent.device, agent.browser, agent.os)
    }

    #[test]
    fn browsers_of_people_are_reduced_to_families() {
        let named = |device, browser: &str, os: &str| (device, Some(browser.to_owned()), Some(os.to_owned()));
        let facebook = "[FBAN/FBIOS;FBAV/450.0.0.38.108;FBDV/iPhone14,5]";
        for (user_agent, expected) in [
            (chrome("Windows NT 10.0; Win64; x64", ""), named(Device::Desktop, "Chrome", "Windows")),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:126.0) Gecko/20100101 Firefox/126.0".to_owned(),
                named(Device::Desktop, "Firefox", "macOS"),
            ),
            (format!("{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1"), named(Device::Phone, "Safari", "iOS")),
            (format!("{IPHONE} Mobile/21E219 {facebook}"), named(Device::Phone, "Facebook", "iOS")),
            (format!("{IPHONE} Mobile/21E219 Instagram 320.0.0.32.100"), named(Device::Phone, "Instagram", "iOS")),
            (chrome("Linux; Android 14; Pixel 8", "Mobile "), named(Device::Phone, "Chrome", "Android")),
            (chrome("Linux; Android 13; SM-X700", ""), named(Device::Tablet, "Chrome", "Android")),
            (chrome("Linux; Android 9; CUBOT X19 Build/PPR1", "Mobile "), named(Device::Phone, "Chrome", "Android")),
            (chrome("X11; Linux x86_64", "") + " Edg/126.0.0.0", named(Device::Desktop, "Edge", "Linux")),
            (
                chrome("Linux; Android 14; Pixel 8; wv", "Mobile ").replace("Chrome", "Version/4.0 Chrome")
                    + " WhatsApp/2.24",
                named(Device::Phone, "WebView", "Android"),
            ),
        ] {
            assert_eq!(families(&user_agent), expected, "{user_agent}");
        }
    }

    #[test]
    fn those_who_preview_are_told_from_other_robots() {
        for user_agent in [
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "facebookexternalhit/1.1;line-poker/1.0",
            "Mozilla/5.0 (Macintosh) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            "Twitterbot/1.0",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Jakarta Commons-HttpClient/3.1 +http://www.linkedin.com)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Slack-ImgProxy (+https://api.slack.com/robots)",
            "WhatsApp/2.23.20.0 A",
            "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
            "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
            "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.example/) Bot",
        ] {
            assert_eq!(classify(user_agent).exclusion, Some(Exclusion::PreviewCrawler), "{user_agent}");
        }
        for user_agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "curl/8.5.0",
            "python-requests/2.32",
            "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36",
        ] {
            assert_eq!(classify(user_agent).exclusion, Some(Exclusion::Bot), "{user_agent}");
        }
        for user_agent in ["", " ", "-", " - "] {
            assert_eq!(classify(user_agent).exclusion, Some(Exclusion::NoUserAgent));
        }
    }

    #[test]
    fn anything_may_come_and_it_is_looked_at_once() {
        let agents = Agents::new();
        let strange = vec![b'\xff'; 100_000];
        let first = agents.classify(&strange);
        assert_eq!(first.exclusion, None);
        assert!(Arc::ptr_eq(&first, &agents.classify(&strange)));
        assert_eq!(agents.met.len(), 1);
    }
}
