//! Who is a member, and who becomes one.

use super::{By, Step, step};
use serde_json::{Value, json};

/// A key gives no role above what its scopes allow: these are a viewer's, besides the one for members.
const MEMBERS: By = By::Owner(&["LINKS_READ", "PIXELS_READ", "REPORTS_READ", "MEMBERS_WRITE"]);
/// And an editor's.
const EDITORS: By = By::Owner(&["LINKS_WRITE", "PIXELS_WRITE", "REPORTS_READ", "MEMBERS_WRITE"]);

/// An invitation of the guest, whose token is kept under this name.
fn invite(token: &'static str) -> Step {
    let input = json!({ "tenantId": "$tenant", "email": "$guest_email", "role": "VIEWER" });
    let mut step = step("inviteMember", MEMBERS, input)
        .reads("invitation { id }", &[("$invitation", "/invitation/id")])
        .writes(
            "$tenant",
            "Invitation $invitation",
            Value::Null,
            json!({ "email": "$guest_email", "role": "VIEWER", "expiresAt": "<at>" }),
        )
        .wrong(json!({ "email": "nonsense" }));
    step.mail = Some((token, "$guest_email", "invitations"));
    step
}

pub(super) fn all() -> Vec<Step> {
    let guest = |extra: Value| crate::world::client::with(json!({ "tenantId": "$tenant", "userId": "$guest" }), extra);
    let told = |role: &str| json!({ "email": "$guest_email", "role": role });
    let joined =
        json!({ "email": "$guest_email", "role": "VIEWER", "invitationId": "$invitation", "invitedBy": "$owner" });
    let took_back = json!({ "email": "$guest_email", "role": "VIEWER", "expiresAt": "<at>" });
    let transferred = json!({ "email": "$guest_email", "role": "OWNER", "formerOwner": "$owner_email" });
    let newcomer =
        json!({ "email": "$guest_email", "password": "$$guest_password", "invitationToken": "$$second_invitation" });
    vec![
        invite("$$first_invitation"),
        step("revokeInvitation", By::Owner(&["MEMBERS_WRITE"]), json!({ "id": "$invitation" })).writes(
            "$tenant",
            "Invitation $invitation",
            took_back,
            Value::Null,
        ),
        invite("$$second_invitation"),
        step("signUp", By::Nobody("$guest"), newcomer)
            .reads(
                "user { id } session { accessToken refreshToken }",
                &[
                    ("$guest", "/user/id"),
                    ("$$guest_access", "/session/accessToken"),
                    ("$$guest_refresh", "/session/refreshToken"),
                ],
            )
            .writes("$guest", "User $guest", Value::Null, json!({ "email": "$guest_email" }))
            .writes("$tenant", "User $guest", Value::Null, joined.clone())
            .wrong(json!({ "password": "short" })),
        step("changeMemberRole", EDITORS, guest(json!({ "role": "EDITOR" })))
            .writes("$tenant", "User $guest", told("VIEWER"), told("EDITOR"))
            .wrong(json!({ "userId": "$never_user" })),
        step("removeMember", By::Owner(&["MEMBERS_WRITE"]), guest(json!({})))
            .writes("$tenant", "User $guest", told("EDITOR"), Value::Null)
            .wrong(json!({ "userId": "$never_user" })),
        invite("$$third_invitation"),
        step("acceptInvitation", By::LogIn("$guest"), json!({ "token": "$$third_invitation" }))
            .writes("$tenant", "User $guest", Value::Null, joined)
            .wrong(json!({ "token": "nonsense" })),
        step("transferOwnership", By::LogIn("$owner"), guest(json!({ "password": "$$password" })))
            .writes("$tenant", "User $guest", told("VIEWER"), transferred)
            .wrong(json!({ "password": "wrong horse" })),
    ]
}
