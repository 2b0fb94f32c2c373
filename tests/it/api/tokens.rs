//! Access tokens that are forged, broken or over. Who forges them here knows the secret and the database, so that each is
//! wrong in one thing alone; to all of them the API says the same. And the keys, which rotate.

use crate::world::{
    Setting, World,
    client::{Account, PASSWORD, Reply, read, text},
    in_both, run,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

in_both!(a_token_that_is_not_ours_opens_nothing);

const WHO: &str = "{ viewer { user { email } } }";

/// Signs what it is told to.
struct Forger {
    key: Vec<u8>,
    header: Value,
    claims: Value,
}

impl Forger {
    /// One who knows everything about an account's token.
    async fn of(world: &World, db: &DatabaseConnection, token: &str) -> Self {
        let part = |at: usize| BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
        let read = |at: usize| serde_json::from_slice::<Value>(&part(at)).unwrap();
        let (header, claims) = (read(0), read(1));
        let rows = entities::signing_key::Entity::find().all(db).await.unwrap();
        let row = rows.iter().find(|row| header["kid"] == row.kid.as_simple().to_string()).unwrap();
        let mut info = b"stopover access token\0".to_vec();
        for part in [&row.kid.as_bytes()[..], &row.salt] {
            info.extend((part.len() as u64).to_be_bytes());
            info.extend(part);
        }
        let mut key = vec![0; 32];
        Hkdf::<Sha256>::new(None, world.secret().as_bytes()).expand(&info, &mut key).unwrap();
        Self { key, header, claims }
    }

    fn signed(&self, header: &str, claims: &str) -> String {
        sealed(&self.key, &BASE64_URL_SAFE_NO_PAD.encode(header), &BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    fn with_header(&self, name: &str, value: Value) -> String {
        self.signed(&changed(&self.header, name, value), &self.claims.to_string())
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.signed(&self.header.to_string(), &changed(&self.claims, name, value))
    }

    fn with_claims(&self, claims: &str) -> String {
        self.signed(&self.header.to_string(), claims)
    }
}

/// A value that is null takes the field away.
fn changed(base: &Value, name: &str, value: Value) -> String {
    let mut base = base.clone();
    if value.is_null() {
        base.as_object_mut().unwrap().remove(name);
    } else {
        base[name] = value;
    }
    base.to_string()
}

fn sealed(key: &[u8], header: &str, claims: &str) -> String {
    let message = format!("{header}.{claims}");
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(&message).finalize();
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

/// The same JSON, of a length that Base64 pads.
fn uneven(json: &str) -> String {
    if json.len().is_multiple_of(3) { format!("{json} ") } else { json.to_owned() }
}

fn headers(forger: &Forger) -> Vec<String> {
    let mut forged = Vec::new();
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("NONE")),
        ("alg", json!("HS384")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("alg", Value::Null),
        ("kid", Value::Null),
        ("kid", json!("")),
        ("kid", json!(7)),
        ("kid", json!("00000000000000000000000000000000")),
        ("kid", json!(uuid::Uuid::now_v7().as_simple().to_string())),
        ("kid", json!("' OR 1=1 --")),
        ("kid", json!("../../../../dev/null")),
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("at+JWT")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA", "alg": "HS256" })),
        ("x5c", json!(["AAAA"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        forged.push(forger.with_header(name, value));
    }
    let claims = forger.claims.to_string();
    forged.push(forger.signed(&forger.header.to_string().replacen('{', r#"{"alg":"none","#, 1), &claims));
    forged.push(forger.signed("null", &claims));
    // the other algorithms of the family, with the right key and their own name
    let (header, body) = (&forger.header, BASE64_URL_SAFE_NO_PAD.encode(&claims));
    let message = |alg| format!("{}.{body}", BASE64_URL_SAFE_NO_PAD.encode(changed(header, "alg", json!(alg))));
    let (longer, longest) = (message("HS384"), message("HS512"));
    let mac = Hmac::<Sha384>::new_from_slice(&forger.key).unwrap().chain_update(&longer).finalize().into_bytes();
    forged.push(format!("{longer}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)));
    let mac = Hmac::<Sha512>::new_from_slice(&forger.key).unwrap().chain_update(&longest).finalize().into_bytes();
    forged.push(format!("{longest}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac)));
    forged
}

fn claims(forger: &Forger) -> Vec<String> {
    let now = forger.claims["iat"].as_i64().unwrap();
    let mut forged = Vec::new();
    for (name, value) in [
        ("iss", json!("somebody")),
        ("iss", Value::Null),
        ("aud", json!("somebody")),
        ("aud", json!(["stopover-api", "other"])),
        ("aud", Value::Null),
        ("sub", json!(uuid::Uuid::now_v7())),
        ("sub", Value::Null),
        ("sid", json!(uuid::Uuid::now_v7())),
        ("sid", json!("")),
        ("sid", Value::Null),
        ("exp", json!(now - 60)),
        ("exp", Value::Null),
        ("exp", json!((now + 900).to_string())),
        ("exp", json!(4_000_000_000_u64)),
        ("exp", json!(-1)),
        ("iat", json!(now + 600)),
        ("iat", json!(now.to_string())),
        ("iat", Value::Null),
        ("nbf", json!(now + 600)),
        ("nbf", json!("soon")),
        ("role", json!("OWNER")),
    ] {
        forged.push(forger.with_claim(name, value));
    }
    let text = forger.claims.to_string();
    let exp = forger.claims["exp"].to_string();
    for number in ["NaN", "1e9", "Infinity", "0x7fffffff", &format!("{exp}.5"), &format!("{exp}.0"), &"9".repeat(400)] {
        forged.push(forger.with_claims(&text.replace(&exp, number)));
    }
    forged.push(forger.with_claims(&text.replacen('{', &format!(r#"{{"exp":{exp},"#), 1)));
    forged.push(forger.with_claims(&text.replacen('{', r#"{"sub":"x","#, 1)));
    forged.push(forger.with_claims(&"[".repeat(700)));
    forged.push(forger.with_claims("{}"));
    forged
}

fn spellings(world: &World, forger: &Forger, good: &str) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    let claims = forger.claims.to_string();
    vec![
        "x".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}.{body}"),
        format!("{head}.{body}."),
        format!("{head}..{signature}"),
        format!("{head}.{body}.{}", &signature[..20]),
        format!("{head}.{body}.{}", "A".repeat(43)),
        format!("{head}.{body}.{signature}="),
        format!("{head}.{body}.{signature}%3D"),
        format!("{good}."),
        format!("{good}x"),
        format!("{good}.{body}.{signature}"),
        format!("{head}. {body}.{signature}"),
        format!("{head}.{body} .{signature}"),
        format!("{good},{good}"),
        format!("{good} {good}"),
        format!("\"{good}\""),
        good.to_lowercase(),
        format!("{good}{}", "A".repeat(4_000)),
        // another alphabet, and padding, with a signature that is right for them
        sealed(&forger.key, &BASE64_STANDARD.encode(uneven(&forger.header.to_string())), body),
        sealed(&forger.key, &BASE64_URL_SAFE.encode(uneven(&forger.header.to_string())), body),
        sealed(&forger.key, head, &BASE64_URL_SAFE.encode(uneven(&claims))),
        // keys that are none: the secret itself, and nothing
        sealed(world.secret().as_bytes(), head, body),
        sealed(b"", head, body),
        // encrypted
        format!("{}.AA.AA.AA.AA", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#)),
    ]
}

async fn a_token_that_is_not_ours_opens_nothing(world: &mut World) {
    let account = world.sign_up().await;
    let db = world.database().await;
    let good = text(&account.session["accessToken"]).to_owned();
    let forger = Forger::of(world, &db, &good).await;
    assert_eq!((&forger.header["alg"], &forger.header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    let client = world.client();
    let send = async |values: &[&[u8]]| {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        let request = values.fold(client.post(), |request, value| request.header(AUTHORIZATION, value));
        read(request.json(&json!({ "query": WHO }))).await
    };
    let bearer = |token: &str| format!("Bearer {token}").into_bytes();
    // the forger's own token is as good as the real one: what follows fails for what it changes
    let now = forger.claims["iat"].clone();
    for token in [good.clone(), forger.with_claims(&forger.claims.to_string()), forger.with_claim("nbf", now)] {
        assert_eq!(send(&[&bearer(&token)]).await.status, 200);
    }
    let mut bad = [headers(&forger), claims(&forger), spellings(world, &forger, &good)].concat();
    bad.push(text(&account.session["refreshToken"]).to_owned());
    bad.push(logged_out(world, &account).await);
    bad.push(deleted(world, &db).await);
    let mut shown: Vec<Vec<Vec<u8>>> = bad.iter().map(|token| vec![bearer(token)]).collect();
    let whole = good.as_bytes();
    shown.push(vec![bearer(&good), bearer(&good)]);
    shown.push(vec![bearer("x"), bearer(&good)]);
    shown.push(vec![[b"Basic ", whole].concat()]);
    shown.push(vec![[b"Token ", whole].concat()]);
    shown.push(vec![[b"Bearer\t", whole].concat()]);
    shown.push(vec![[b"Bearer:", whole].concat()]);
    shown.push(vec![[b"Bearer ", "\u{e9}".as_bytes(), whole].concat()]);
    shown.push(vec![whole.to_vec()]);
    shown.push(vec![b"Bearer".to_vec()]);
    shown.push(vec![Vec::new()]);
    assert!(shown.len() > 95, "{}", shown.len());
    let one = send(&[b"Bearer x"]).await;
    assert_eq!((one.status.as_u16(), one.code()), (401, "UNAUTHENTICATED"));
    let said = |reply: &Reply| (reply.status, reply.headers.get("www-authenticate").cloned(), reply.body.clone());
    for values in shown {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        let reply = send(&values).await;
        assert_eq!(said(&reply), said(&one), "{}", String::from_utf8_lossy(&values.concat()));
    }
    assert_eq!(send(&[&bearer(&good)]).await.status, 200, "the real one is as good as before");
    let nobody = world.client().reply(WHO, json!({})).await;
    assert_eq!((nobody.code(), nobody.body["data"].is_null()), ("UNAUTHENTICATED", true));
}

/// The token of a session that has ended.
async fn logged_out(world: &World, account: &Account) -> String {
    let input = json!({ "email": account.email, "password": PASSWORD });
    let made = world.client().done("logIn", input, "session { accessToken refreshToken }").await["session"].clone();
    world.client().done("logOut", json!({ "refreshToken": made["refreshToken"] }), "").await;
    text(&made["accessToken"]).to_owned()
}

/// The token of a user who is gone.
async fn deleted(world: &World, db: &DatabaseConnection) -> String {
    let account = world.sign_up().await;
    let gone = format!("DELETE FROM users WHERE email = '{}'", account.email);
    assert_eq!(db.execute_unprepared(&gone).await.unwrap().rows_affected(), 1);
    text(&account.session["accessToken"]).to_owned()
}

#[test]
fn an_operator_rotates_the_keys() {
    run(Setting::OneBox, &[], async |world| {
        let account = world.sign_up().await;
        let kid = |token: &str| -> Value {
            let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
            serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
        };
        let first = kid(text(&account.session["accessToken"]));
        let output = world.tool(&["rotate-keys"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let second = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let log_in = async || {
            let input = json!({ "email": account.email, "password": PASSWORD });
            let made = world.client().done("logIn", input, "session { accessToken }").await;
            text(&made["session"]["accessToken"]).to_owned()
        };
        assert_eq!(kid(&log_in().await), first, "the new key is announced first");
        // a minute passes
        let db = world.database().await;
        for column in ["signs_from", "signs_until"] {
            db.execute_unprepared(&format!("UPDATE signing_keys SET {column} = {column} - 61000")).await.unwrap();
        }
        world.api().stop().await;
        world.api().start().await;
        let input = json!({ "email": account.email, "password": PASSWORD });
        let made = world.client().done("logIn", input, "session { accessToken }").await;
        let token = text(&made["session"]["accessToken"]);
        assert_eq!(kid(token), json!(second));
        world.client().with_token(token).query(WHO, json!({})).await;
        account.client.query(WHO, json!({})).await;
    });
}
