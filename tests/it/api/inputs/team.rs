//! The team of a tenant: invited, changed, removed, and given the tenant; and who signs up by an invitation.

use super::{
    stage::Stage,
    table::{Table, x},
};
use crate::{
    api::tenants::never_given_out,
    world::{
        World,
        client::{Account, PASSWORD, text},
    },
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

const MEMBER: &str = "member { role }";
const ROLE: &str = "tenant(id: $id) { role }";

/// What the tables name: `$member` who is a viewer, and tokens of invitations.
pub(super) async fn furnish(stage: &mut Stage, world: &World) {
    let me = stage.account.client.query("{ viewer { user { id } } }", json!({})).await;
    stage.name("$self", text(&me["viewer"]["user"]["id"]));
    stage.name("$email", stage.account.email.clone());
    let member = world.sign_up().await;
    let token = invite(&stage.account, &member.email, "VIEWER").await;
    member.client.done("acceptInvitation", json!({ "token": token }), "").await;
    let id = member.client.query("{ viewer { user { id } } }", json!({})).await;
    stage.name("$member", text(&id["viewer"]["user"]["id"]));
    stage.name("$member-email", member.email.clone());
    stage.clients.insert("$member", member.client);
    let token = invite(&stage.account, "invited@example.com", "VIEWER").await;
    stage.name("$token", token);
    let token = invite(&stage.account, &stage.other.email.clone(), "EDITOR").await;
    stage.name("$others-token", token);
    let over = invite(&stage.account, "over@example.com", "VIEWER").await;
    stage.name("$over", over);
    // invited, and made a member by another way
    let known = invite(&stage.account, "known@example.com", "VIEWER").await;
    stage.name("$known", known);
    let db = world.database().await;
    for change in [
        "UPDATE invitations SET expires_at = 1 WHERE email = 'over@example.com'".to_owned(),
        format!("UPDATE invitations SET email = '{}' WHERE email = 'known@example.com'", member.email),
    ] {
        let changed = db.execute_raw(Statement::from_string(db.get_database_backend(), change)).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
    }
    let pending = json!({ "tenantId": "$tenant", "email": "pending@example.com", "role": "VIEWER" });
    stage.make("$invitation", "inviteMember", pending, "/invitation/id").await;
    let theirs = json!({ "tenantId": "$theirs", "email": "pending@example.com", "role": "VIEWER" });
    stage.make("$their-invitation", "inviteMember", theirs, "/invitation/id").await;
    stage.name("$stranger", never_given_out(text(&me["viewer"]["user"]["id"])));
}

/// Invites an address and gives the token.
pub(super) async fn invite(account: &Account, email: &str, role: &str) -> String {
    let input = json!({ "tenantId": account.tenant, "email": email, "role": role });
    let made = account.client.done("inviteMember", input, "link").await;
    text(&made["link"]).rsplit('/').next().unwrap().to_owned()
}

/// An address of so many characters.
pub(super) fn email(length: usize) -> String {
    let host = format!("{}.{}.{}.example.com", "a".repeat(60), "b".repeat(60), "c".repeat(60));
    format!("{}@{host}", x(length - host.len() - 1))
}

/// The tables.
pub(super) fn tables() -> Vec<Table> {
    let mut tables = invitations();
    tables.extend(sign_up());
    tables.extend(members());
    tables
}

fn invitations() -> Vec<Table> {
    let good = json!({ "tenantId": "$tenant", "email": "Made@example.com", "role": "EDITOR" });
    let pending = "tenant(id: $id) { invitations(first: 1) { nodes { email role } } }";
    let shows =
        json!({ "tenant": { "invitations": { "nodes": [{ "email": "made@example.com", "role": "EDITOR" }] } } });
    let invite = Table::new("inviteMember", good, "invitation { id } link")
        .shows("/input/tenantId", pending, shows)
        .rows([
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("no address", json!({ "email": "ann" }), "email INVALID"),
            ("an address of 255 characters", json!({ "email": email(255) }), "email TOO_LONG"),
            ("an address of 254 characters", json!({ "email": email(254) }), ""),
            ("a member", json!({ "email": "$member-email" }), "email TAKEN"),
            (
                "a member and a bad key",
                json!({ "email": "$member-email", "idempotencyKey": "" }),
                "email TAKEN, idempotencyKey INVALID",
            ),
            (
                "no address and another call's key",
                json!({ "email": "", "idempotencyKey": "$used" }),
                "email INVALID, idempotencyKey INVALID",
            ),
        ])
        .once(Some(("revokeInvitation", "/invitation/id")));
    let revoke = Table::new("revokeInvitation", json!({ "id": "$invitation" }), "revokedInvitationId").rows([
        ("no invitation's id", json!({ "id": "$tenant" }), "id NOT_FOUND"),
        ("another tenant's invitation", json!({ "id": "$their-invitation" }), "id NOT_FOUND"),
    ]);
    let joined = json!({ "tenant": { "role": "EDITOR" } });
    let accept = Table::new("acceptInvitation", json!({ "token": "$others-token" }), "tenant { id }")
        .by("$other")
        .shows("/answer/tenant/id", "tenant(id: $id) { role }", joined)
        .rows([
            ("no token", json!({ "token": "nonsense" }), "token INVALID"),
            ("a token for another address", json!({ "token": "$token" }), "token INVALID"),
            ("a token that is over", json!({ "token": "$over" }), "token INVALID"),
        ]);
    let known = Table::refused("acceptInvitation", json!({ "token": "$known" }), "token TAKEN").by("$member");
    vec![invite, revoke, accept, known]
}

fn sign_up() -> Vec<Table> {
    let good = json!({ "email": "Invited@example.com", "password": PASSWORD, "invitationToken": "$token" });
    let several = json!({ "email": "$email", "password": "1234567", "invitationToken": "$token" });
    let table = Table::new("signUp", good, "tenant { id role } user { email }").by("$nobody").rows([
        ("no token", json!({ "invitationToken": "nonsense" }), "invitationToken INVALID"),
        ("a token that is over", json!({ "invitationToken": "$over" }), "invitationToken INVALID"),
        ("another address", json!({ "email": "other@example.com" }), "invitationToken INVALID"),
        ("several", several, "password INVALID, invitationToken INVALID"),
        (
            "several, and no address",
            json!({ "email": "", "password": x(201), "invitationToken": "" }),
            "email INVALID, password TOO_LONG, invitationToken INVALID",
        ),
    ]);
    let no_mail = Table::refused("requestPasswordReset", json!({ "email": "$email" }), "- INVALID").by("$nobody");
    vec![table, no_mail.rows([("no address either", json!({ "email": "ann" }), "email INVALID, - INVALID")])]
}

fn members() -> Vec<Table> {
    let first = |role: &str| json!({ "tenant": { "members": { "nodes": [{ "role": "OWNER" }, { "role": role }] } } });
    let other = |role: &str| json!({ "tenantId": "$tenant", "userId": "$member", "role": role });
    let ids = || {
        [
            ("another tenant", json!({ "tenantId": "$theirs" }), "tenantId NOT_FOUND"),
            ("who is no member", json!({ "userId": "$stranger" }), "userId NOT_FOUND"),
            ("no user's id", json!({ "userId": "$tenant" }), "userId NOT_FOUND"),
        ]
    };
    let change = Table::new("changeMemberRole", other("ADMIN"), "member { user { id } role joinedAt }")
        .shows("/input/tenantId", "tenant(id: $id) { members(first: 2) { nodes { role } } }", first("ADMIN"))
        .rows(ids())
        .rows([("the last owner", json!({ "userId": "$self" }), "role INVALID")]);
    let transfer = json!({ "tenantId": "$tenant", "userId": "$member", "password": PASSWORD });
    let transferred = Table::new("transferOwnership", transfer, MEMBER)
        .shows("/input/tenantId", ROLE, json!({ "tenant": { "role": "ADMIN" } }))
        .rows(ids())
        .rows([
            ("an owner", json!({ "userId": "$self" }), "userId INVALID"),
            ("a wrong password", json!({ "password": "a guess" }), "password INVALID"),
            ("several", json!({ "userId": "$self", "password": "a guess" }), "userId INVALID, password INVALID"),
        ]);
    let leave = json!({ "tenantId": "$tenant", "userId": "$self" });
    let remove = Table::new("removeMember", leave, "removedUserId")
        .shows("/input/tenantId", ROLE, json!({ "tenant": null }))
        .rows(ids());
    let alone = Table::refused("removeMember", json!({ "tenantId": "$tenant", "userId": "$member" }), "userId INVALID")
        .by("$member");
    vec![change, transferred, remove, alone]
}
