//! Members who go, and tenants that are given away: nobody is left without an owner, and nothing of who went goes on.

use super::{audit, invite, join, members, outcome, user_id};
use crate::world::{
    World,
    client::{PASSWORD, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(
    a_tenant_keeps_an_owner,
    who_is_removed_is_out_with_keys_and_invitations,
    a_tenant_is_given_away_with_the_password,
    nobody_comes_to_own_more_than_a_hundred_tenants,
);

async fn a_tenant_keeps_an_owner(world: &mut World) {
    let owner = world.sign_up().await;
    let me = json!({ "tenantId": owner.tenant, "userId": user_id(&owner).await });
    let demote = |me: &Value| crate::world::client::with(me.clone(), json!({ "role": "ADMIN" }));
    join(world, &owner, "ADMIN").await;
    assert_eq!(outcome(&owner.client, "removeMember", me.clone()).await, "userId INVALID");
    assert_eq!(outcome(&owner.client, "changeMemberRole", demote(&me)).await, "role INVALID");
    let same = crate::world::client::with(me.clone(), json!({ "role": "OWNER" }));
    assert_eq!(outcome(&owner.client, "changeMemberRole", same).await, "ok", "it is so already");

    // two owners go at once, or step down at once, or one goes and the other steps down: one of them stays
    for (one, two) in [
        ("removeMember", "removeMember"),
        ("changeMemberRole", "changeMemberRole"),
        ("removeMember", "changeMemberRole"),
    ] {
        let first = world.sign_up().await;
        let second = join(world, &first, "OWNER").await;
        let go = async |account: &crate::world::client::Account, name: &str| {
            let me = json!({ "tenantId": first.tenant, "userId": user_id(account).await });
            let input = if name == "removeMember" { me } else { demote(&me) };
            outcome(&account.client, name, input).await
        };
        let (one, two) = tokio::join!(go(&first, one), go(&second, two));
        assert!((one == "ok") != (two == "ok"), "{one}, {two}");
        let stays = if one == "ok" { &second } else { &first };
        let owners = members(stays).await.into_iter().filter(|(_, role)| role == "OWNER").count();
        assert_eq!(owners, 1);
    }
    // two owners remove each other at once: one is out, and the other stays
    let first = world.sign_up().await;
    let second = join(world, &first, "OWNER").await;
    let (a, b) = (user_id(&first).await, user_id(&second).await);
    let member = |user: &Value| json!({ "tenantId": first.tenant, "userId": user });
    let (one, two) = tokio::join!(
        outcome(&first.client, "removeMember", member(&b)),
        outcome(&second.client, "removeMember", member(&a))
    );
    assert!((one == "ok") != (two == "ok"), "{one}, {two}");
    assert!([one, two].contains(&"tenantId NOT_FOUND".to_owned()), "who is out already removes nobody");
}

async fn who_is_removed_is_out_with_keys_and_invitations(world: &mut World) {
    let owner = world.sign_up().await;
    let home = world.sign_up().await;
    let token = invite(&owner, &home.email, "ADMIN").await;
    home.client.done("acceptInvitation", json!({ "token": token }), "tenant { id }").await;
    let key = async |tenants: Value| {
        let input = json!({ "name": "k", "scopes": ["LINKS_WRITE"], "tenantIds": tenants });
        let made = home.client.done("createApiKey", input, "secret").await;
        home.client.with_token(text(&made["secret"]))
    };
    let (here, both) = (key(json!([owner.tenant])).await, key(json!([owner.tenant, home.tenant])).await);
    let link = |tenant: &str| json!({ "tenantId": tenant, "destination": "https://shop.example.com/" });
    assert_eq!(outcome(&here, "createLink", link(&owner.tenant)).await, "ok");
    assert_eq!(outcome(&both, "createLink", link(&owner.tenant)).await, "ok");
    let admin = crate::world::client::Account { tenant: owner.tenant.clone(), ..home.clone() };
    let offered = invite(&admin, "friend@example.com", "ADMIN").await;

    let user = user_id(&home).await;
    let removed =
        owner.client.done("removeMember", json!({ "tenantId": owner.tenant, "userId": user }), "removedUserId");
    assert_eq!(removed.await["removedUserId"], user);
    assert_eq!(outcome(&home.client, "createLink", link(&owner.tenant)).await, "tenantId NOT_FOUND");
    assert_eq!(outcome(&both, "createLink", link(&owner.tenant)).await, "tenantId NOT_FOUND");
    assert_eq!(outcome(&both, "createLink", link(&home.tenant)).await, "ok");
    assert_eq!(outcome(&here, "createLink", link(&owner.tenant)).await, "UNAUTHENTICATED", "it may act nowhere");
    let friend = super::newcomer("friend@example.com", json!({ "invitationToken": offered }));
    assert_eq!(outcome(&world.client(), "signUp", friend).await, "invitationToken INVALID");
    let keys = "query($id: ID!) { tenant(id: $id) { apiKeys { totalCount } } }";
    let listed = owner.client.query(keys, json!({ "id": owner.tenant })).await;
    assert_eq!(listed["tenant"]["apiKeys"]["totalCount"], 0);
    // who comes back comes back alone
    let token = invite(&owner, &home.email, "EDITOR").await;
    home.client.done("acceptInvitation", json!({ "token": token }), "tenant { id }").await;
    assert_eq!(outcome(&home.client, "createLink", link(&owner.tenant)).await, "ok");
    assert_eq!(outcome(&both, "createLink", link(&owner.tenant)).await, "tenantId NOT_FOUND");
    let rows = audit(&owner, false).await;
    let gone = rows.iter().find(|(action, ..)| action == "removeMember").unwrap();
    assert_eq!(
        (&gone.1, &gone.2["email"], &gone.2["role"], &gone.3),
        (&"User".to_owned(), &json!(home.email), &json!("ADMIN"), &Value::Null)
    );
    // both keys are named: the one that ended, and the one that goes on elsewhere
    let keys: Vec<&Value> = gone.2["apiKeys"].as_array().unwrap().iter().map(|key| &key["prefix"]).collect();
    assert_eq!(keys, [&json!(here.token().unwrap()[..12]), &json!(both.token().unwrap()[..12])]);
    // who may invite no more has invited nobody
    let demoted = join(world, &owner, "ADMIN").await;
    let offered = invite(&demoted, "friend@example.com", "VIEWER").await;
    let change = |role: &str, user: Value| json!({ "tenantId": owner.tenant, "userId": user, "role": role });
    let user = user_id(&demoted).await;
    owner.client.done("changeMemberRole", change("EDITOR", user), "member { role }").await;
    let friend = super::newcomer("friend@example.com", json!({ "invitationToken": offered }));
    assert_eq!(outcome(&world.client(), "signUp", friend).await, "invitationToken INVALID");
    let row = audit(&owner, false).await.pop().unwrap();
    assert_eq!(
        (row.0.as_str(), &row.2["role"], &row.3["role"]),
        ("changeMemberRole", &json!("ADMIN"), &json!("EDITOR"))
    );
}

async fn nobody_comes_to_own_more_than_a_hundred_tenants(world: &mut World) {
    let owner = world.sign_up().await;
    let rich = world.sign_up().await;
    for number in 2..=100 {
        rich.client.done("createTenant", json!({ "name": format!("T{number}") }), "tenant { id }").await;
    }
    let token = invite(&owner, &rich.email, "OWNER").await;
    let accept = async |token: &str| outcome(&rich.client, "acceptInvitation", json!({ "token": token })).await;
    assert_eq!(accept(&token).await, "token LIMIT_REACHED");
    let token = invite(&owner, &rich.email, "ADMIN").await;
    assert_eq!(accept(&token).await, "ok");
    let user = user_id(&rich).await;
    let promote = json!({ "tenantId": owner.tenant, "userId": user, "role": "OWNER" });
    assert_eq!(outcome(&owner.client, "changeMemberRole", promote).await, "role LIMIT_REACHED");
    let give = json!({ "tenantId": owner.tenant, "userId": user, "password": PASSWORD });
    assert_eq!(outcome(&owner.client, "transferOwnership", give).await, "userId LIMIT_REACHED");
    let expected = [(owner.email.clone(), "OWNER".to_owned()), (rich.email.clone(), "ADMIN".to_owned())];
    assert_eq!(members(&owner).await, expected);
}

async fn a_tenant_is_given_away_with_the_password(world: &mut World) {
    let owner = world.sign_up().await;
    let heir = join(world, &owner, "VIEWER").await;
    let give = |user: Value, password: &str| json!({ "tenantId": owner.tenant, "userId": user, "password": password });
    let user = user_id(&heir).await;
    for (user, password, told) in [
        (json!("nobody"), "a wrong guess", "userId NOT_FOUND, password INVALID"),
        (user_id(&owner).await, PASSWORD, "userId INVALID"),
        (user.clone(), "a wrong guess", "password INVALID"),
    ] {
        assert_eq!(outcome(&owner.client, "transferOwnership", give(user, password)).await, told);
    }
    let offered = invite(&owner, "friend@example.com", "OWNER").await;
    let given =
        owner.client.done("transferOwnership", give(user.clone(), PASSWORD), "member { role user { email } }").await;
    assert_eq!(given["member"], json!({ "role": "OWNER", "user": { "email": heir.email } }));
    let expected = [(owner.email.clone(), "ADMIN".to_owned()), (heir.email.clone(), "OWNER".to_owned())];
    assert_eq!(members(&heir).await, expected);
    let friend = super::newcomer("friend@example.com", json!({ "invitationToken": offered }));
    assert_eq!(
        outcome(&world.client(), "signUp", friend).await,
        "invitationToken INVALID",
        "an ADMIN offers no ownership"
    );
    assert_eq!(outcome(&owner.client, "transferOwnership", give(user, PASSWORD)).await, "FORBIDDEN");
    let row = audit(&heir, false).await.pop().unwrap();
    assert_eq!(
        (row.0.as_str(), &row.2["role"], &row.3["formerOwner"]),
        ("transferOwnership", &json!("VIEWER"), &json!(owner.email))
    );
    // guesses are counted with the log-ins
    let back = |password: &str| give(json!("nobody"), password);
    for _ in 0..5 {
        let told = outcome(&heir.client, "transferOwnership", back("a wrong guess")).await;
        assert_eq!(told, "userId NOT_FOUND, password INVALID");
    }
    assert_eq!(outcome(&heir.client, "transferOwnership", back(PASSWORD)).await, "RATE_LIMITED");
}
