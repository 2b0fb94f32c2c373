//! Who may do what to the members of a tenant: a table of every role, and what API keys may.

use super::{invite, invited, join, outcome, user_id};
use crate::world::{
    World,
    client::{Account, PASSWORD, text},
    in_both,
};
use serde_json::{Value, json};

in_both!(each_role_does_what_it_may, a_key_changes_members_but_no_owners, a_key_gives_no_role_that_may_more);

const LISTS: [(&str, &str); 2] = [("members", "members { totalCount }"), ("invitations", "invitations { totalCount }")];

async fn list(account: &Account, selection: &str) -> String {
    let document = format!("query($id: ID!) {{ tenant(id: $id) {{ {selection} }} }}");
    let reply = account.client.reply(&document, json!({ "id": account.tenant })).await;
    if reply.code().is_empty() { "ok".to_owned() } else { reply.code().to_owned() }
}

async fn each_role_does_what_it_may(world: &mut World) {
    let owner = world.sign_up().await;
    let mut actors = vec![Account { tenant: owner.tenant.clone(), ..join(world, &owner, "OWNER").await }];
    for role in ["ADMIN", "EDITOR", "VIEWER"] {
        actors.push(join(world, &owner, role).await);
    }
    let second = user_id(&join(world, &owner, "OWNER").await).await;
    let (tenant, no) = (owner.tenant.clone(), "FORBIDDEN");
    let member = |user: &Value| json!({ "tenantId": tenant, "userId": user });
    let change = |user: &Value, role: &str| json!({ "tenantId": tenant, "userId": user, "role": role });
    let transfer = |user: &Value| json!({ "tenantId": tenant, "userId": user, "password": PASSWORD });
    // what an owner, an administrator, an editor and a viewer come to
    for (what, expected) in [
        ("members", ["ok"; 4]),
        ("invitations", ["ok", "ok", no, no]),
        ("invite a viewer", ["ok", "ok", no, no]),
        ("invite an owner", ["ok", no, no, no]),
        ("invite an owner-to-be as a viewer", ["ok", no, no, no]),
        ("take an owner's invitation back", ["ok", no, no, no]),
        ("take a viewer's invitation back", ["ok", "ok", no, no]),
        ("make a viewer an editor", ["ok", "ok", no, no]),
        ("make a viewer an owner", ["ok", no, no, no]),
        ("make an owner a viewer", ["ok", no, no, no]),
        ("remove a viewer", ["ok", "ok", no, no]),
        ("remove an owner", ["ok", no, no, no]),
        ("transfer", ["ok", no, no, no]),
    ] {
        for (actor, expected) in actors.iter().zip(expected) {
            let call = async |name: &str, input: Value| outcome(&actor.client, name, input).await;
            let told = match what {
                "members" | "invitations" => {
                    let (_, selection) = LISTS.into_iter().find(|(name, _)| *name == what).unwrap();
                    list(actor, selection).await
                }
                "invite a viewer" => call("inviteMember", invited(&owner, "v@example.com", "VIEWER")).await,
                "invite an owner" => call("inviteMember", invited(&owner, "o@example.com", "OWNER")).await,
                "invite an owner-to-be as a viewer" => {
                    invite(&owner, "p@example.com", "OWNER").await;
                    call("inviteMember", invited(&owner, "p@example.com", "VIEWER")).await
                }
                "take an owner's invitation back" | "take a viewer's invitation back" => {
                    let role = if what.contains("owner") { "OWNER" } else { "VIEWER" };
                    let made = invited(&owner, "q@example.com", role);
                    let made = owner.client.done("inviteMember", made, "invitation { id }").await;
                    call("revokeInvitation", json!({ "id": made["invitation"]["id"] })).await
                }
                "make an owner a viewer" => {
                    owner.client.done("changeMemberRole", change(&second, "OWNER"), "").await;
                    call("changeMemberRole", change(&second, "VIEWER")).await
                }
                "remove an owner" => {
                    let other = user_id(&join(world, &owner, "OWNER").await).await;
                    call("removeMember", member(&other)).await
                }
                _ => {
                    let viewer = user_id(&join(world, &owner, "VIEWER").await).await;
                    match what {
                        "make a viewer an editor" => call("changeMemberRole", change(&viewer, "EDITOR")).await,
                        "make a viewer an owner" => call("changeMemberRole", change(&viewer, "OWNER")).await,
                        "remove a viewer" => call("removeMember", member(&viewer)).await,
                        _ => call("transferOwnership", transfer(&viewer)).await,
                    }
                }
            };
            assert_eq!(told, expected, "{what}: {}", actor.email);
        }
    }
    // who is no member sees nothing, and what is no member is none
    let stranger = world.sign_up().await;
    for (name, input) in [
        ("changeMemberRole", change(&second, "VIEWER")),
        ("removeMember", member(&second)),
        ("transferOwnership", transfer(&second)),
    ] {
        assert_eq!(outcome(&stranger.client, name, input.clone()).await, "tenantId NOT_FOUND", "{name}");
        assert_eq!(outcome(&world.client(), name, input.clone()).await, "UNAUTHENTICATED", "{name}");
        for user in [user_id(&stranger).await, json!("nothing"), json!(tenant)] {
            let input = crate::world::client::with(input.clone(), json!({ "userId": user }));
            assert_eq!(outcome(&owner.client, name, input).await, "userId NOT_FOUND", "{name}");
        }
    }
    // everybody but the last owner may leave
    for actor in &actors {
        assert_eq!(outcome(&actor.client, "removeMember", member(&user_id(actor).await)).await, "ok");
        assert!(list(actor, "members { totalCount }").await == "ok", "null, like any tenant of others");
    }
}

async fn a_key_changes_members_but_no_owners(world: &mut World) {
    let owner = world.sign_up().await;
    let viewer = join(world, &owner, "VIEWER").await;
    let key = async |scopes: Value| {
        let input = json!({ "name": "k", "scopes": scopes, "tenantIds": [owner.tenant] });
        let made = owner.client.done("createApiKey", input, "secret").await;
        owner.client.with_token(text(&made["secret"]))
    };
    let every = json!(["MEMBERS_WRITE", "TENANT_ADMIN", "LINKS_WRITE", "PIXELS_WRITE", "REPORTS_READ"]);
    let (program, reader) = (key(every).await, key(json!(["LINKS_WRITE"])).await);
    let user = user_id(&viewer).await;
    let change = |role: &str| json!({ "tenantId": owner.tenant, "userId": user, "role": role });
    let transfer = json!({ "tenantId": owner.tenant, "userId": user, "password": PASSWORD });
    for (name, input, told) in [
        ("inviteMember", invited(&owner, "v@example.com", "ADMIN"), "ok"),
        ("inviteMember", invited(&owner, "v@example.com", "OWNER"), "FORBIDDEN"),
        ("changeMemberRole", change("ADMIN"), "ok"),
        ("changeMemberRole", change("OWNER"), "FORBIDDEN"),
        ("transferOwnership", transfer, "FORBIDDEN"),
        ("removeMember", json!({ "tenantId": owner.tenant, "userId": user }), "ok"),
        ("removeMember", json!({ "tenantId": owner.tenant, "userId": user_id(&owner).await }), "FORBIDDEN"),
    ] {
        if name != "transferOwnership" {
            assert_eq!(outcome(&reader, name, input.clone()).await, "FORBIDDEN", "{name}");
        }
        assert_eq!(outcome(&program, name, input.clone()).await, told, "{name} {input}");
    }
    let document = "query($id: ID!) { tenant(id: $id) { members { totalCount } } }";
    let refused = reader.reply(document, json!({ "id": owner.tenant })).await;
    assert_eq!(refused.body["errors"][0]["extensions"]["scope"], "members:write");
}

async fn a_key_gives_no_role_that_may_more(world: &mut World) {
    let owner = world.sign_up().await;
    let member = user_id(&join(world, &owner, "VIEWER").await).await;
    let admin = user_id(&join(world, &owner, "ADMIN").await).await;
    let editing = ["MEMBERS_WRITE", "LINKS_WRITE", "PIXELS_WRITE", "REPORTS_READ"];
    for (scopes, most, lacks) in [
        (&["MEMBERS_WRITE"][..], None, ["links:read", "links:read", "links:read"]),
        (&["MEMBERS_WRITE", "LINKS_READ", "PIXELS_READ"], None, ["reports:read", "links:write", "links:write"]),
        (&["MEMBERS_WRITE", "LINKS_READ", "PIXELS_READ", "REPORTS_READ"], Some(0), ["", "links:write", "links:write"]),
        (&editing, Some(1), ["", "", "tenant:admin"]),
        (&["MEMBERS_WRITE", "TENANT_ADMIN", "LINKS_WRITE", "PIXELS_WRITE"], None, ["reports:read"; 3]),
        (&[&editing[..], &["TENANT_ADMIN"]].concat(), Some(2), ["", "", ""]),
    ] {
        let input = json!({ "name": "k", "scopes": scopes, "tenantIds": [owner.tenant] });
        let made = owner.client.done("createApiKey", input, "secret").await;
        let program = owner.client.with_token(text(&made["secret"]));
        for (rank, role) in ["VIEWER", "EDITOR", "ADMIN"].into_iter().enumerate() {
            let change = |user: &Value| json!({ "tenantId": owner.tenant, "userId": user, "role": role });
            for (name, input) in [
                ("inviteMember", invited(&owner, "v@example.com", role)),
                ("changeMemberRole", change(&member)),
                ("changeMemberRole", change(&admin)),
            ] {
                let document = crate::world::client::mutation(name, "");
                let reply = program.reply(&document, json!({ "input": input })).await;
                let allowed = most.is_some_and(|most| rank <= most);
                assert_eq!(reply.code(), if allowed { "" } else { "FORBIDDEN" }, "{scopes:?} {name} {role}");
                if !allowed {
                    let told = &reply.body["errors"][0]["extensions"]["scope"];
                    assert_eq!(told, lacks[rank], "{scopes:?} {name} {role}");
                }
            }
        }
    }
    // a person gives what they may
    let change = json!({ "tenantId": owner.tenant, "userId": member, "role": "OWNER" });
    assert_eq!(outcome(&owner.client, "changeMemberRole", change).await, "ok");
}
