//! A new password for who forgot the old one: two mutations that need no token of a session.

use super::{
    context,
    error::{UserError, answer},
};
use crate::auth::{new_password::NewPassword, reset};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

/// Input of `requestPasswordReset`.
#[derive(InputObject)]
pub struct RequestPasswordResetInput {
    /// The e-mail address of the account, in any case.
    email: String,
}

/// Answer of `requestPasswordReset`.
#[derive(SimpleObject)]
pub struct RequestPasswordResetPayload {
    /// `INVALID` in `email` for what is no address, and in no field where this server sends no mail; empty otherwise, with an
    /// account or without.
    user_errors: Vec<UserError>,
}

/// Input of `resetPassword`.
#[derive(InputObject)]
pub struct ResetPasswordInput {
    /// What stands at the end of the link.
    token: String,
    /// The new password, 8 to 200 characters.
    new_password: String,
    /// Whether all API keys of the user end with the old password; they go on otherwise.
    #[graphql(default)]
    revoke_api_keys: bool,
}

/// Answer of `resetPassword`.
#[derive(SimpleObject)]
pub struct ResetPasswordPayload {
    /// How many API keys were ended, 0 without `revokeApiKeys`; null when there are `userErrors`.
    revoked_api_keys: Option<u64>,
    /// `INVALID` in `token` for one that is unknown, used or over, `INVALID` or `TOO_LONG` in `newPassword`; empty when it
    /// worked.
    user_errors: Vec<UserError>,
}

/// Mutations of a forgotten password.
#[derive(Default)]
pub struct PasswordResetMutation;

#[Object]
impl PasswordResetMutation {
    /// Sends a mail with a link that sets a new password, good for an hour and once, if there is such an account: the answer
    /// is the same, after the same work, if there is none. Needs no token. `RATE_LIMITED` after 5 for one address, with one
    /// more every 15 minutes, and after 20 from one client, with one more each minute.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password.")] input: RequestPasswordResetInput,
    ) -> Result<RequestPasswordResetPayload> {
        let asked = reset::request(context::app(ctx)?, &input.email, &context::client(ctx)).await;
        Ok(RequestPasswordResetPayload { user_errors: answer(ctx, asked)?.err().unwrap_or_default() })
    }

    /// Sets a new password, and ends all sessions of its user; API keys go on unless `revokeApiKeys` is true. Needs no token but the one of the link. It logs nobody in:
    /// `logIn` asks for the second factor as ever.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token, and the new password.")] input: ResetPasswordInput,
    ) -> Result<ResetPasswordPayload> {
        let ResetPasswordInput { token, new_password: password, revoke_api_keys } = input;
        let new = NewPassword { password, revoke_api_keys };
        let set = reset::reset(context::app(ctx)?, &token, new, &context::client(ctx)).await;
        Ok(match answer(ctx, set)? {
            Ok(ended) => ResetPasswordPayload { revoked_api_keys: Some(ended), user_errors: Vec::new() },
            Err(user_errors) => ResetPasswordPayload { revoked_api_keys: None, user_errors },
        })
    }
}
