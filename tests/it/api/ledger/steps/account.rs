//! What a user has: sessions, API keys, a password and a second factor.

use super::{By, Step, Wrong, step, tenant};
use serde_json::{Value, json};

const OWNER: By = By::LogIn("$owner");

/// The account and the tenant that everything else is about.
pub(super) fn beginning() -> Vec<Step> {
    let owner = json!({ "email": "$owner_email", "password": "$$password", "tenantName": "Acme" });
    vec![
        step("signUp", By::Nobody("$owner"), owner)
            .reads(
                "user { id } tenant { id } session { accessToken refreshToken }",
                &[
                    ("$owner", "/user/id"),
                    ("$tenant", "/tenant/id"),
                    ("$$owner_access", "/session/accessToken"),
                    ("$$owner_refresh", "/session/refreshToken"),
                ],
            )
            .writes("$owner", "User $owner", Value::Null, json!({ "email": "$owner_email" }))
            .writes("$tenant", "Tenant $tenant", Value::Null, tenant("Acme"))
            .wrong(json!({ "password": "short" })),
        step("createTenant", OWNER, json!({ "name": "Second" }))
            .reads("tenant { id }", &[("$second", "/tenant/id")])
            .writes("$second", "Tenant $second", Value::Null, tenant("Second"))
            .wrong(json!({ "name": "" })),
    ]
}

pub(super) fn all() -> Vec<Step> {
    [keys(), sessions(), second_factor(), passwords()].into_iter().flatten().collect()
}

/// What is told of an API key that may act there.
fn told(tenants: &Value, prefix: &str) -> Value {
    json!({ "name": "k", "prefix": prefix, "scopes": ["links:read"], "tenantIds": tenants, "expiresAt": null })
}

fn keys() -> Vec<Step> {
    let new = json!({ "name": "k", "scopes": ["LINKS_READ"], "tenantIds": ["$tenant"] });
    let both = json!(["$tenant"]);
    vec![
        step("createApiKey", OWNER, new.clone())
            .reads(
                "apiKey { id prefix } secret",
                &[("$key", "/apiKey/id"), ("$prefix", "/apiKey/prefix"), ("$$key", "/secret")],
            )
            .writes("$owner", "ApiKey $key", Value::Null, told(&both, "$prefix"))
            .writes("$tenant", "ApiKey $key", Value::Null, told(&both, "$prefix"))
            .wrong(json!({ "name": "" })),
        step("createApiKey", OWNER, new)
            .reads(
                "apiKey { id prefix } secret",
                &[("$other", "/apiKey/id"), ("$other_prefix", "/apiKey/prefix"), ("$$other", "/secret")],
            )
            .writes("$owner", "ApiKey $other", Value::Null, told(&both, "$other_prefix"))
            .writes("$tenant", "ApiKey $other", Value::Null, told(&both, "$other_prefix"))
            .wrong(json!({ "tenantIds": ["$never_tenant"] })),
        step("excludeApiKey", By::Owner(&["TENANT_ADMIN"]), json!({ "tenantId": "$tenant", "id": "$key" })).writes(
            "$tenant",
            "ApiKey $key",
            told(&both, "$prefix"),
            Value::Null,
        ),
        step("revokeApiKey", OWNER, json!({ "id": "$other" }))
            .writes("$owner", "ApiKey $other", told(&both, "$other_prefix"), Value::Null)
            .writes("$tenant", "ApiKey $other", told(&both, "$other_prefix"), Value::Null),
    ]
}

/// A log-in of the owner, whose tokens are kept under these names.
fn log_in(takes: &'static [(&'static str, &'static str)], target: &'static str) -> Step {
    step("logIn", By::Nobody("$owner"), json!({ "email": "$owner_email", "password": "$$password" }))
        .reads("session { accessToken refreshToken }", takes)
        .writes("$owner", target, Value::Null, json!({ "network": "127.0.0.0/24", "userAgent": null }))
        .wrong(json!({ "password": "wrong horse" }))
}

fn sessions() -> Vec<Step> {
    vec![
        log_in(
            &[("$$second_access", "/session/accessToken"), ("$$second_refresh", "/session/refreshToken")],
            "Session $second_session",
        ),
        step("refreshSession", By::Nobody("$owner"), json!({ "refreshToken": "$$second_refresh" }))
            .reads("session { refreshToken }", &[("$$next_refresh", "/session/refreshToken")])
            .writes("$owner", "Session $second_session", Value::Null, Value::Null)
            .wrong(json!({ "refreshToken": "nonsense" })),
        step("logOut", By::Nobody("$owner"), json!({ "refreshToken": "$$next_refresh" }))
            .writes("$owner", "Session $second_session", Value::Null, Value::Null)
            .wrong(json!({ "refreshToken": "nonsense" })),
        log_in(
            &[("$$third_access", "/session/accessToken"), ("$$third_refresh", "/session/refreshToken")],
            "Session $third_session",
        ),
        step("revokeSession", OWNER, json!({ "id": "$third_session" })).writes(
            "$owner",
            "Session $third_session",
            Value::Null,
            Value::Null,
        ),
        log_in(
            &[("$$fourth_access", "/session/accessToken"), ("$$fourth_refresh", "/session/refreshToken")],
            "Session $fourth_session",
        ),
        Step {
            // what is not there needs not be ended
            wrong: Wrong::Nothing,
            ..step("revokeOtherSessions", OWNER, Value::Null).writes(
                "$owner",
                "Session",
                json!({ "open": 1 }),
                Value::Null,
            )
        },
    ]
}

fn second_factor() -> Vec<Step> {
    let on = |mutation, input| step(mutation, OWNER, input).writes("$owner", "User $owner", Value::Null, Value::Null);
    vec![
        Step {
            // it is refused only where a second factor is on
            wrong: Wrong::Nothing,
            ..on("startTotp", Value::Null).reads("secret", &[("$$totp", "/secret")])
        },
        on("confirmTotp", json!({ "password": "$$password", "code": "$$code" }))
            .reads("recoveryCodes", &[("$$recovery", "/recoveryCodes/0"), ("$$last_recovery", "/recoveryCodes/9")])
            .wrong(json!({ "password": "wrong horse" })),
        on("disableTotp", json!({ "password": "$$password", "code": "$$recovery" }))
            .wrong(json!({ "code": "nonsense" })),
    ]
}

fn passwords() -> Vec<Step> {
    let change = json!({ "currentPassword": "$$password", "newPassword": "$$new_password" });
    let reset = json!({ "token": "$$reset", "newPassword": "$$last_password" });
    let written = |step: Step| step.writes("$owner", "User $owner", Value::Null, Value::Null);
    vec![
        written(step("changePassword", OWNER, change)).wrong(json!({ "currentPassword": "wrong horse" })),
        Step {
            mail: Some(("$$reset", "$owner_email", "reset-password")),
            apart: Some("who sends the mail looks whether there is such an account, and writes the row with its token"),
            ..written(step("requestPasswordReset", By::Nobody(""), json!({ "email": "$owner_email" })))
                .wrong(json!({ "email": "nonsense" }))
        },
        written(step("resetPassword", By::Nobody("$owner"), reset)).wrong(json!({ "token": "nonsense" })),
    ]
}
