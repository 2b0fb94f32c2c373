//! Invitations: made, listed, made anew, taken back, taken once, and over after a week.

use super::{audit, count, invite, invited, join, members, newcomer, outcome, sql};
use crate::world::{
    World,
    client::{Account, PASSWORD, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    who_is_invited_joins,
    mistakes_of_an_invitation_come_back,
    a_token_works_once_for_one_address_and_a_week,
    an_address_is_invited_once_at_a_time,
    a_hundred_invitations_are_pending_at_most,
    a_user_is_in_two_hundred_tenants_at_most,
);
in_both!(&[("PUBLIC_URL", "https://app.example.com/x/")] => a_link_leads_to_the_front_end);

const INVITATION: &str = "invitation { id email role invitedBy createdAt expiresAt } link";

async fn pending(account: &Account) -> Vec<Value> {
    let document =
        "query($id: ID!) { tenant(id: $id) { invitations(first: 100) { totalCount nodes { id email role } } } }";
    let data = account.client.query(document, json!({ "id": account.tenant })).await;
    let nodes = data["tenant"]["invitations"]["nodes"].as_array().unwrap().clone();
    assert_eq!(data["tenant"]["invitations"]["totalCount"], nodes.len());
    nodes
}

async fn who_is_invited_joins(world: &mut World) {
    let account = world.sign_up().await;
    let input = invited(&account, " New.Comer@Example.com", "EDITOR");
    let made = account.client.done("inviteMember", input, INVITATION).await;
    let token = text(&made["link"]);
    assert!(token.starts_with("sol_") && token.len() == 47, "{token}");
    assert_eq!(
        (&made["invitation"]["email"], &made["invitation"]["role"]),
        (&json!("new.comer@example.com"), &json!("EDITOR"))
    );
    assert_eq!(made["invitation"]["invitedBy"], super::user_id(&account).await);
    let listed = pending(&account).await;
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &made["invitation"]["id"]));

    // who has no account yet makes one and no tenant
    let input = newcomer("new.comer@example.com", json!({ "invitationToken": token, "tenantName": "Ignored" }));
    let joined = world.client().done("signUp", input, "session { accessToken } tenant { id name role }").await;
    assert_eq!(joined["tenant"], json!({ "id": account.tenant, "name": "Acme", "role": "EDITOR" }));
    let client = world.client().with_token(text(&joined["session"]["accessToken"]));
    let all = client.query("{ viewer { memberships { role tenant { id } } } }", json!({})).await;
    assert_eq!(all["viewer"]["memberships"], json!([{ "role": "EDITOR", "tenant": { "id": account.tenant } }]));
    assert!(pending(&account).await.is_empty());
    let viewer = join(world, &account, "VIEWER").await;
    let expected = [(account.email.as_str(), "OWNER"), ("new.comer@example.com", "EDITOR"), (&viewer.email, "VIEWER")];
    let expected = expected.map(|(email, role)| (email.to_owned(), role.to_owned()));
    assert_eq!(members(&account).await, expected);
    assert_eq!(members(&viewer).await, expected, "every member sees them");

    let mut taken_back =
        account.client.done("inviteMember", invited(&account, "bob@example.com", "ADMIN"), INVITATION).await;
    let id = taken_back["invitation"]["id"].take();
    let gone = account.client.done("revokeInvitation", json!({ "id": id }), "revokedInvitationId").await;
    assert_eq!(gone["revokedInvitationId"], id);
    let rows = audit(&account, false).await;
    let told: Vec<_> = rows.iter().map(|(action, kind, ..)| format!("{action} {kind}")).collect();
    let expected = [
        "signUp Tenant",
        "inviteMember Invitation",
        "signUp User",
        "inviteMember Invitation",
        "acceptInvitation User",
        "inviteMember Invitation",
        "revokeInvitation Invitation",
    ];
    assert_eq!(told, expected);
    assert_eq!((&rows[1].3["email"], &rows[1].3["role"]), (&json!("new.comer@example.com"), &json!("EDITOR")));
    assert_eq!((&rows[4].3["email"], &rows[6].2["role"]), (&json!(viewer.email), &json!("ADMIN")));
    assert!(!format!("{rows:?}").contains(&token[4..]), "a token is never written down");
    let node = account.client.query("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert!(node["node"].is_null());
}

async fn a_link_leads_to_the_front_end(world: &mut World) {
    let account = world.sign_up().await;
    let made = account.client.done("inviteMember", invited(&account, "a@example.com", "VIEWER"), "link").await;
    assert!(text(&made["link"]).starts_with("https://app.example.com/x/invitations/sol_"), "{made}");
}

async fn mistakes_of_an_invitation_come_back(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let client = &account.client;
    for (email, told) in [
        ("nobody", "email INVALID"),
        (&format!("{}@example.com", "a".repeat(250)), "email TOO_LONG"),
        (&account.email.to_uppercase(), "email TAKEN"),
        // whoever has an account elsewhere is invited like anybody
        (&other.email, "ok"),
    ] {
        assert_eq!(outcome(client, "inviteMember", invited(&account, email, "VIEWER")).await, told, "{email}");
    }
    for tenant in [other.tenant.as_str(), "nothing"] {
        let input = json!({ "tenantId": tenant, "email": "a@example.com", "role": "VIEWER" });
        assert_eq!(outcome(client, "inviteMember", input).await, "tenantId NOT_FOUND");
    }
    // what belongs to another does not exist
    let mine = pending(&account).await[0]["id"].clone();
    for id in [mine.clone(), json!("nothing"), json!(other.tenant)] {
        assert_eq!(outcome(&other.client, "revokeInvitation", json!({ "id": id })).await, "id NOT_FOUND");
    }
    assert_eq!(outcome(client, "revokeInvitation", json!({ "id": mine })).await, "ok");
    assert_eq!(outcome(client, "revokeInvitation", json!({ "id": mine })).await, "id NOT_FOUND");
    // sent again it is the same, but for the link
    let input =
        json!({ "tenantId": account.tenant, "email": "k@example.com", "role": "VIEWER", "idempotencyKey": "k" });
    let first = client.done("inviteMember", input.clone(), INVITATION).await;
    let again = client.done("inviteMember", input.clone(), INVITATION).await;
    assert_eq!((&first["invitation"], &again["link"]), (&again["invitation"], &Value::Null));
    let another = crate::world::client::with(input, json!({ "role": "ADMIN" }));
    assert_eq!(outcome(client, "inviteMember", another).await, "idempotencyKey INVALID");

    let bad = newcomer("x@example.com", json!({}));
    assert_eq!(outcome(&world.client(), "signUp", bad).await, "tenantName INVALID");
    let bad = json!({ "email": "x", "password": "x", "invitationToken": first["link"].as_str().unwrap().replace("sol_", "") });
    let told = "email INVALID, password INVALID, invitationToken INVALID";
    assert_eq!(outcome(&world.client(), "signUp", bad).await, told, "all at once");
    for (name, input) in [
        ("inviteMember", invited(&account, "a@example.com", "VIEWER")),
        ("revokeInvitation", json!({ "id": mine })),
        ("acceptInvitation", json!({ "token": first["link"] })),
    ] {
        assert_eq!(outcome(&world.client(), name, input).await, "UNAUTHENTICATED", "{name}");
    }
}

async fn a_token_works_once_for_one_address_and_a_week(world: &mut World) {
    let (account, other, third) = (world.sign_up().await, world.sign_up().await, world.sign_up().await);
    let token = invite(&account, &other.email, "VIEWER").await;
    let accept =
        async |who: &Account, token: &str| outcome(&who.client, "acceptInvitation", json!({ "token": token })).await;
    for bad in ["", "sol_", &token[4..], &token.replace("sol_", "sor_"), &format!("sol_{}", "A".repeat(43))] {
        assert_eq!(accept(&other, bad).await, "token INVALID", "{bad}");
    }
    assert_eq!(accept(&third, &token).await, "token INVALID");
    let stranger = newcomer("stranger@example.com", json!({ "invitationToken": token }));
    assert_eq!(outcome(&world.client(), "signUp", stranger).await, "invitationToken INVALID");
    assert_eq!(count(world, "users").await, 3, "nobody was made");

    // two at once: one joins
    let (one, two) = tokio::join!(accept(&other, &token), accept(&other, &token));
    let mut told = [one, two];
    told.sort();
    assert_eq!(told, ["ok", "token INVALID"]);
    assert_eq!(members(&account).await.len(), 2);
    assert_eq!(accept(&other, &token).await, "token INVALID", "used");

    let token = invite(&account, "late@example.com", "VIEWER").await;
    let late = || newcomer("late@example.com", json!({ "invitationToken": token }));
    assert_eq!(sql(world, "UPDATE invitations SET expires_at = expires_at - 604800001").await, 1);
    assert_eq!(outcome(&world.client(), "signUp", late()).await, "invitationToken INVALID");
    assert!(pending(&account).await.is_empty());
    assert_eq!(sql(world, "UPDATE invitations SET expires_at = expires_at + 604800001").await, 1);
    let (one, two) = tokio::join!(outcome_of_sign_up(world, late()), outcome_of_sign_up(world, late()));
    assert!((one == "ok") != (two == "ok"), "{one}, {two}");
    assert_eq!((members(&account).await.len(), count(world, "users").await), (3, 4));

    let token = invite(&account, &third.email, "VIEWER").await;
    let id = pending(&account).await[0]["id"].clone();
    account.client.done("revokeInvitation", json!({ "id": id }), "").await;
    assert_eq!(accept(&third, &token).await, "token INVALID", "taken back");
    let token = invite(&account, &third.email, "VIEWER").await;
    sql(world, &format!("UPDATE invitations SET email = '{}'", other.email)).await;
    assert_eq!(accept(&other, &token).await, "token TAKEN", "a member already");
    // no program joins anything
    let key = json!({ "name": "k", "scopes": ["MEMBERS_WRITE"], "tenantIds": [third.tenant] });
    let key = third.client.done("createApiKey", key, "secret").await;
    let program = third.client.with_token(text(&key["secret"]));
    assert_eq!(outcome(&program, "acceptInvitation", json!({ "token": token })).await, "FORBIDDEN");
}

async fn outcome_of_sign_up(world: &World, input: Value) -> String {
    assert_eq!(input["password"], PASSWORD);
    outcome(&world.client(), "signUp", input).await
}

async fn an_address_is_invited_once_at_a_time(world: &mut World) {
    let (account, other) = (world.sign_up().await, world.sign_up().await);
    let first = account.client.done("inviteMember", invited(&account, &other.email, "VIEWER"), INVITATION).await;
    let again = account.client.done("inviteMember", invited(&account, &other.email, "EDITOR"), INVITATION).await;
    assert_eq!(first["invitation"]["id"], again["invitation"]["id"]);
    assert_eq!((again["invitation"]["role"].as_str(), pending(&account).await.len()), (Some("EDITOR"), 1));
    let take = async |made: &Value| outcome(&other.client, "acceptInvitation", json!({ "token": made["link"] })).await;
    assert_eq!(take(&first).await, "token INVALID");
    assert_eq!(take(&again).await, "ok");
    assert_eq!(members(&account).await[1].1, "EDITOR");
    let row = &audit(&account, false).await[2];
    assert_eq!((&row.2["role"], &row.3["role"]), (&json!("VIEWER"), &json!("EDITOR")));
    let call = || outcome(&account.client, "inviteMember", invited(&account, "race@example.com", "VIEWER"));
    let (one, two, three) = tokio::join!(call(), call(), call());
    assert_eq!([one, two, three], ["ok", "ok", "ok"]);
    assert_eq!(pending(&account).await.len(), 1);
}

async fn a_hundred_invitations_are_pending_at_most(world: &mut World) {
    let account = world.sign_up().await;
    for number in 0..100 {
        invite(&account, &format!("n{number}@example.com"), "VIEWER").await;
    }
    let one_more = invited(&account, "more@example.com", "VIEWER");
    assert_eq!(outcome(&account.client, "inviteMember", one_more.clone()).await, "email LIMIT_REACHED");
    assert_eq!(outcome(&account.client, "inviteMember", invited(&account, "n7@example.com", "EDITOR")).await, "ok");
    assert_eq!(pending(&account).await.len(), 100);
    // one that is over makes room
    assert_eq!(sql(world, "UPDATE invitations SET expires_at = 1 WHERE email = 'n8@example.com'").await, 1);
    assert_eq!(outcome(&account.client, "inviteMember", one_more).await, "ok");
}

async fn a_user_is_in_two_hundred_tenants_at_most(world: &mut World) {
    let (account, host, first, second) =
        (world.sign_up().await, world.sign_up().await, world.sign_up().await, world.sign_up().await);
    for (other, more) in [(&first, 99), (&second, 98)] {
        for _ in 0..more {
            other.client.done("createTenant", json!({ "name": "T" }), "tenant { id }").await;
        }
    }
    let viewers = format!(
        "INSERT INTO memberships (tenant_id, user_id, role, created_at) \
         SELECT m.tenant_id, u.id, (SELECT role FROM invitations LIMIT 1), m.created_at \
         FROM memberships m JOIN users o ON o.id = m.user_id, users u \
         WHERE o.email IN ('{}', '{}') AND u.email = '{}'",
        first.email, second.email, account.email
    );
    let token = invite(&host, &account.email, "VIEWER").await;
    // 199 as a viewer and the own one make 200: one less to begin with
    assert_eq!(sql(world, &viewers).await, 199);
    let gone = format!(
        "DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE email = '{}') AND tenant_id = \
         (SELECT m.tenant_id FROM memberships m JOIN users o ON o.id = m.user_id WHERE o.email = '{}' \
         ORDER BY m.tenant_id LIMIT 1)",
        account.email, first.email
    );
    assert_eq!(sql(world, &gone).await, 1);
    assert_eq!(outcome(&account.client, "acceptInvitation", json!({ "token": token })).await, "ok");
    let all = account.client.query("{ viewer { memberships { role } } }", json!({})).await;
    assert_eq!(all["viewer"]["memberships"].as_array().unwrap().len(), 200);
    assert_eq!(outcome(&account.client, "createTenant", json!({ "name": "T" })).await, "name LIMIT_REACHED");
    let last = world.sign_up().await;
    let last = invite(&last, &account.email, "ADMIN").await;
    assert_eq!(outcome(&account.client, "acceptInvitation", json!({ "token": last })).await, "token LIMIT_REACHED");
}
