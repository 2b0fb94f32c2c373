//! The account of who asks: its password and its second factor. Each mutation that a stolen token must not be enough for
//! asks for the password or a code.

use super::{
    context,
    error::{UserError, answer},
};
use crate::auth::{
    new_password::{self, NewPassword},
    second_factor,
};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

/// Input of `changePassword`.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password so far.
    current_password: String,
    /// The new one, 8 to 200 characters.
    new_password: String,
    /// Whether all API keys of the user end with the old password; they go on otherwise.
    #[graphql(default)]
    revoke_api_keys: bool,
}

/// Answer of `changePassword`.
#[derive(SimpleObject)]
pub struct ChangePasswordPayload {
    /// How many other sessions were ended; null when there are `userErrors`.
    ended: Option<u64>,
    /// How many API keys were ended, 0 without `revokeApiKeys`; null when there are `userErrors`.
    revoked_api_keys: Option<u64>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `startTotp`.
#[derive(SimpleObject)]
pub struct StartTotpPayload {
    /// What an authenticator app shares with this server, for typing it in: 32 characters of Base32. Told this once; null
    /// when there are `userErrors`.
    secret: Option<String>,
    /// The same for a QR code, `otpauth://totp/...`; null when there are `userErrors`.
    otpauth_url: Option<String>,
    /// `TAKEN` when a second factor is on already; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `confirmTotp`.
#[derive(InputObject)]
pub struct ConfirmTotpInput {
    /// The password of the account.
    password: String,
    /// What the app shows, 6 digits. It is judged only beside the right password.
    code: String,
}

/// Answer of `confirmTotp`.
#[derive(SimpleObject)]
pub struct ConfirmTotpPayload {
    /// 10 codes, each of which stands in for the app once. Told this once; null when there are `userErrors`.
    recovery_codes: Option<Vec<String>>,
    /// `INVALID` for a wrong password or code, `NOT_FOUND` when nothing was started, `TAKEN` when it is on already; empty when
    /// it worked.
    user_errors: Vec<UserError>,
}

/// Input of `disableTotp`.
#[derive(InputObject)]
pub struct DisableTotpInput {
    /// The password of the account.
    password: String,
    /// What the app shows, or a recovery code; each works once. It is judged only beside the right password.
    code: String,
}

/// Answer of `disableTotp`.
#[derive(SimpleObject)]
pub struct DisableTotpPayload {
    /// `INVALID` for a wrong password or code, `NOT_FOUND` when no second factor is on; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Mutations of the account.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Changes the password of the user who asks, and ends the user's other sessions; API keys go on unless `revokeApiKeys` is
    /// true. `RATE_LIMITED` after 5 wrong passwords,
    /// together with log-ins.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password so far, and the new one.")] input: ChangePasswordInput,
    ) -> Result<ChangePasswordPayload> {
        let (app, caller, client) = (context::app(ctx)?, context::caller(ctx)?, context::client(ctx));
        let ChangePasswordInput { current_password, new_password: password, revoke_api_keys } = input;
        let new = NewPassword { password, revoke_api_keys };
        let changed = new_password::change(app, caller, &client, current_password, new).await;
        Ok(match answer(ctx, changed)? {
            Ok(ended) => ChangePasswordPayload {
                ended: Some(ended.sessions),
                revoked_api_keys: Some(ended.api_keys),
                user_errors: Vec::new(),
            },
            Err(user_errors) => ChangePasswordPayload { ended: None, revoked_api_keys: None, user_errors },
        })
    }

    /// Begins to set up an authenticator app as the second factor of log-ins. Nothing changes before `confirmTotp`; starting
    /// again makes another secret.
    async fn start_totp(&self, ctx: &Context<'_>) -> Result<StartTotpPayload> {
        let started = second_factor::start(context::app(ctx)?, context::caller(ctx)?).await;
        Ok(match answer(ctx, started)? {
            Ok(started) => StartTotpPayload {
                secret: Some(started.secret),
                otpauth_url: Some(started.otpauth_url),
                user_errors: Vec::new(),
            },
            Err(user_errors) => StartTotpPayload { secret: None, otpauth_url: None, user_errors },
        })
    }

    /// Turns the second factor on, with a first code: from now on log-ins need one. `RATE_LIMITED` after 5 wrong passwords or
    /// codes, together with log-ins.
    async fn confirm_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password and a first code.")] input: ConfirmTotpInput,
    ) -> Result<ConfirmTotpPayload> {
        let (app, caller, client) = (context::app(ctx)?, context::caller(ctx)?, context::client(ctx));
        let confirmed = second_factor::confirm(app, caller, &client, input.password, &input.code).await;
        Ok(match answer(ctx, confirmed)? {
            Ok(codes) => ConfirmTotpPayload { recovery_codes: Some(codes), user_errors: Vec::new() },
            Err(user_errors) => ConfirmTotpPayload { recovery_codes: None, user_errors },
        })
    }

    /// Turns the second factor off; its recovery codes work no more. `RATE_LIMITED` after 5 wrong passwords or codes, together
    /// with log-ins.
    async fn disable_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password and a code.")] input: DisableTotpInput,
    ) -> Result<DisableTotpPayload> {
        let (app, caller, client) = (context::app(ctx)?, context::caller(ctx)?, context::client(ctx));
        let turned = second_factor::disable(app, caller, &client, input.password, &input.code).await;
        Ok(DisableTotpPayload { user_errors: answer(ctx, turned)?.err().unwrap_or_default() })
    }
}
