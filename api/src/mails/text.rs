//! What mails say: plain English, a subject of one line and a body. Names that others chose are cut down to one line that
//! nothing hides in. Pure.

use jiff::Timestamp;

/// A subject and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// One line.
    pub(super) subject: String,
    /// Lines with a line feed at the end of each.
    pub(super) body: String,
}

/// Invites somebody into a tenant.
pub(super) fn invitation(told: &crate::members::join::Told, link: &str) -> Letter {
    let (tenant, inviter, role) = (plain(&told.tenant), plain(&told.inviter), told.role.to_lowercase());
    let article = if role.starts_with(['a', 'e', 'o']) { "an" } else { "a" };
    let until = instant(told.expires_at);
    Letter {
        subject: format!("Invitation to {tenant} on Stopover"),
        body: format!(
            "{inviter} invites you to {tenant} on Stopover, as {article} {role}.\n\nTake the invitation here, until {until}:\n\n\
             {link}\n\nIf you do not know {inviter}, leave this mail alone, and nothing will happen.\n"
        ),
    }
}

/// Sends the link that sets a new password.
pub(super) fn password_reset(link: &str, expires_at: i64) -> Letter {
    let until = instant(expires_at);
    Letter {
        subject: "A new password for Stopover".to_owned(),
        body: format!(
            "Somebody, perhaps you, asked for a new password for this address on Stopover.\n\nSet one here, until {until}:\n\n\
             {link}\n\nThe link works once, and a new password ends all sessions. If it was not you, leave this mail alone:\n\
             your password stays as it is.\n"
        ),
    }
}

fn instant(at: i64) -> String {
    let told = |at: Timestamp| at.strftime("%-d %B %Y, %H:%M UTC").to_string();
    Timestamp::from_millisecond(at).map(told).unwrap_or_default()
}

/// A text without what would start a line of its own or turn the direction of what follows.
fn plain(text: &str) -> String {
    let hides = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|c| !hides(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::join::Told;

    #[test]
    fn a_name_that_others_chose_stays_within_its_line() {
        let told = Told {
            tenant: "Acme\r\nBcc: all@example.com\u{2028}\u{202e}x".to_owned(),
            inviter: "ann@example.com".to_owned(),
            role: "EDITOR".to_owned(),
            expires_at: 1_700_000_000_000,
        };
        let letter = invitation(&told, "https://app.example.com/invitations/t");
        assert_eq!(letter.subject, "Invitation to AcmeBcc: all@example.comx on Stopover");
        let lines: Vec<&str> = letter.body.lines().collect();
        assert_eq!(lines[0], "ann@example.com invites you to AcmeBcc: all@example.comx on Stopover, as an editor.");
        assert_eq!(lines[2], "Take the invitation here, until 14 November 2023, 22:13 UTC:");
        assert_eq!((lines[4], lines.len()), ("https://app.example.com/invitations/t", 7));
        assert!(password_reset("https://x", 0).body.contains("until 1 January 1970, 00:00 UTC:\n\nhttps://x\n"));
    }
}
