//! What is a token and what is not, by a clock that stands still; the forgeries are signed with the right key where the
//! signature is not what they are about. The same and more come to the API's door in the integration tests.

use super::*;
use crate::auth::{keys::Key, secrets::Secrets};
use entities::signing_key::Model;
use secrecy::SecretString;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000_000;
const USER: Uuid = Uuid::from_u128(1);
const SESSION: Uuid = Uuid::from_u128(2);
const KID: Uuid = Uuid::from_u128(7);

fn key(secret: &str, kid: Uuid) -> Key {
    let secrets = Secrets::new(&SecretString::from(secret.to_owned()));
    let (created_at, signs_from) = (0, 0);
    let row = Model { kid, salt: vec![1; 32], created_at, signs_from, signs_until: NOW, verifies_until: NOW };
    Key::new(&secrets, &row).unwrap()
}

fn ours() -> Key {
    key("0123456789abcdef0123456789abcdef", KID)
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "HS256", "kid": KID.as_simple().to_string() })
}

fn claims() -> Value {
    let (now, user, session) = (NOW / SECOND, USER, SESSION);
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": user, "sid": session, "iat": now, "exp": now + 900, "jti": Uuid::nil() })
}

/// Signs whatever the two texts are.
fn signed(key: &Key, header: &str, claims: &str) -> String {
    let message = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key.sign, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// The way of a token through both halves.
fn judged(key: &Key, token: &str, now: i64) -> Option<Caller> {
    kid(token).filter(|kid| *kid == key.kid).and_then(|_| verify(key, token, now))
}

fn with(mut base: Value, name: &str, value: Value) -> String {
    base[name] = value;
    base.to_string()
}

fn without(mut base: Value, name: &str) -> String {
    base.as_object_mut().unwrap().remove(name);
    base.to_string()
}

#[test]
fn a_token_is_good_for_its_life_and_five_seconds() {
    let ours = ours();
    let token = issue(&ours, (USER, SESSION), NOW, NOW + ACCESS_LIFE).unwrap();
    for (at, good) in [
        (-5_001, false),
        (-5_000, true),
        (0, true),
        (ACCESS_LIFE, true),
        (ACCESS_LIFE + 4_999, true),
        (ACCESS_LIFE + 5_000, false),
    ] {
        assert_eq!(judged(&ours, &token, NOW + at).is_some(), good, "{at}");
    }
    assert_eq!(judged(&ours, &token, NOW), Some(Caller::of_session(USER, SESSION)));
    assert_eq!(kid(&token), Some(KID));
    assert_eq!(verify(&key("another secret of thirty-two byte", KID), &token, NOW), None);
    let same_secret = key("0123456789abcdef0123456789abcdef", Uuid::from_u128(8));
    assert_eq!(verify(&same_secret, &token, NOW), None, "keys of one secret differ");
}

#[test]
fn a_header_says_three_things_and_nothing_else() {
    let ours = ours();
    let kid = KID.as_simple().to_string();
    assert_eq!(
        judged(&ours, &signed(&ours, &header().to_string(), &claims().to_string()), NOW),
        Some(Caller::of_session(USER, SESSION))
    );
    let mut bad: Vec<String> = ["alg", "typ", "kid"].map(|name| without(header(), name)).into();
    for alg in ["none", "None", "HS384", "HS512", "RS256", "ES256", "hs256", ""] {
        bad.push(with(header(), "alg", json!(alg)));
    }
    for typ in ["JWT", "at+JWT", "application/at+jwt", ""] {
        bad.push(with(header(), "typ", json!(typ)));
    }
    let hyphened = KID.to_string();
    for other in [json!(""), json!(kid.to_uppercase() + " "), json!(hyphened), json!(7), Value::Null, json!("../../x")]
    {
        bad.push(with(header(), "kid", other));
    }
    for (name, value) in [
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("x5c", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
    ] {
        bad.push(with(header(), name, value));
    }
    bad.push(format!(r#"{{"alg":"none","typ":"at+jwt","alg":"HS256","kid":"{kid}"}}"#));
    bad.push(format!(r#"{{"alg":"HS256","typ":"at+jwt","kid":"x","kid":"{kid}"}}"#));
    for text in ["", "null", "[]", "\"HS256\"", "{", "{}", "\u{feff}{}"] {
        bad.push(text.to_owned());
    }
    for text in bad {
        assert_eq!(judged(&ours, &signed(&ours, &text, &claims().to_string()), NOW), None, "{text}");
    }
}

#[test]
fn every_claim_is_there_once_and_means_what_it_says() {
    let ours = ours();
    let now = NOW / SECOND;
    let good = [
        claims().to_string(),
        with(claims(), "nbf", json!(now + 5)),
        with(claims(), "iat", json!(now + 5)),
        with(claims(), "exp", json!(now - 4)).replace(&now.to_string(), &(now - 60).to_string()),
    ];
    for text in good {
        assert_eq!(
            judged(&ours, &signed(&ours, &header().to_string(), &text), NOW),
            Some(Caller::of_session(USER, SESSION)),
            "{text}"
        );
    }
    let mut bad: Vec<String> =
        ["iss", "aud", "sub", "sid", "iat", "exp", "jti"].map(|name| without(claims(), name)).into();
    for (name, value) in [
        ("iss", json!("stopover ")),
        ("iss", json!(["stopover"])),
        ("aud", json!("other")),
        ("aud", json!(["stopover-api", "other"])),
        ("sub", json!("x")),
        ("sid", Value::Null),
        ("exp", json!(now - 5)),
        ("exp", json!(now - 900)),
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(1_700_000_900.5)),
        ("exp", json!(now + 901)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(-1)),
        ("exp", Value::Null),
        ("exp", json!(true)),
        ("iat", json!(now + 6)),
        ("iat", json!(i64::MIN)),
        ("iat", json!(now.to_string())),
        ("nbf", json!(now + 6)),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!("x")),
        ("scope", json!("admin")),
    ] {
        bad.push(with(claims(), name, value));
    }
    let text = claims().to_string();
    bad.push(text.replacen('{', r#"{"sub":"00000000-0000-0000-0000-000000000009","#, 1));
    bad.push(text.replacen('{', r#"{"exp":NaN,"#, 1));
    bad.push(text.replace(&(now + 900).to_string(), "NaN"));
    bad.push(text.replace(&(now + 900).to_string(), "1e99"));
    bad.push(text.replace(&(now + 900).to_string(), "1700000900.0"));
    bad.push(format!("[{text}]"));
    bad.push(String::new());
    for text in bad {
        assert_eq!(judged(&ours, &signed(&ours, &header().to_string(), &text), NOW), None, "{text}");
    }
}

#[test]
fn the_three_parts_are_written_in_one_way() {
    let ours = ours();
    let good = issue(&ours, (USER, SESSION), NOW, NOW + ACCESS_LIFE).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let last = signature.chars().last().unwrap();
    // 32 bytes leave 4 bits of the last character unused: other spellings of the same bytes
    let respelled = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars().filter(|c| *c != last);
    let respelled = respelled.map(|c| format!("{head}.{body}.{}{c}", &signature[..signature.len() - 1]));
    let other = |what: &str| format!("{head}.{body}.{what}");
    let bad = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        head.to_owned(),
        format!("{head}.{body}"),
        other(""),
        other(&signature[1..]),
        other(&signature[..signature.len() - 1]),
        other(&format!("{signature}=")),
        other(&format!("{signature}A")),
        other(&format!("{signature} ")),
        format!(" {good}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{head}=.{body}.{signature}"),
        format!("{head}.{body}=.{signature}"),
        good.replace('.', ".."),
        good.replace('.', "\u{ff0e}"),
        good.to_uppercase(),
        format!("{good}{}", "A".repeat(MAX_TOKEN)),
    ];
    for token in bad.into_iter().chain(respelled) {
        assert_eq!(judged(&ours, &token, NOW), None, "{token}");
    }
}
