//! Accounts and sessions: the four mutations that need no token.

use super::{
    context,
    error::{UserError, answer},
    scalars::DateTime,
    tenant::Tenant,
    viewer::User,
};
use crate::auth;
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

/// What a client holds after a log-in.
#[derive(Debug, Clone, SimpleObject)]
pub struct Session {
    /// For the header `Authorization: Bearer <token>`; good for 15 minutes, and no longer than its session.
    access_token: String,
    /// For `refreshSession`, once; good for as long as the session, which is 30 days from the log-in.
    refresh_token: String,
    /// When the access token ends.
    expires_at: DateTime,
}

impl From<auth::Session> for Session {
    fn from(session: auth::Session) -> Self {
        let auth::Session { access_token, refresh_token, expires_at } = session;
        Self { access_token, refresh_token, expires_at: DateTime(expires_at) }
    }
}

/// Input of `signUp`.
#[derive(InputObject)]
pub struct SignUpInput {
    /// The name to log in with; kept in lower case, at most 254 characters. What stands before the `@` must not be like a web
    /// address.
    email: String,
    /// 8 to 200 characters.
    password: String,
    /// Name of the first tenant, 1 to 100 characters, without a web address; needed where there is no `invitationToken`, and
    /// not looked at beside it.
    tenant_name: Option<String>,
    /// What stands at the end of an invitation's link: the newcomer joins its tenant instead of making one. It must be for
    /// this e-mail address. Needed where only the invited may sign up.
    invitation_token: Option<String>,
}

/// Answer of `signUp`.
#[derive(SimpleObject)]
pub struct SignUpPayload {
    /// The first session; null when there are `userErrors`.
    session: Option<Session>,
    /// The account; null when there are `userErrors`.
    user: Option<User>,
    /// The first tenant, which the user owns or was invited into; null when there are `userErrors`.
    tenant: Option<Tenant>,
    /// The mistakes of the input; empty when it worked. `TAKEN` in `email` is told alone, when all the rest is right;
    /// `INVALID` in `invitationToken` where only the invited may sign up and there is none.
    user_errors: Vec<UserError>,
}

/// Input of `logIn`.
#[derive(InputObject)]
pub struct LogInInput {
    /// The e-mail address of the account, in any case.
    email: String,
    /// Its password.
    password: String,
    /// Where the user has a second factor: what the authenticator app shows, 6 digits; each code works once. Not looked at
    /// otherwise.
    totp_code: Option<String>,
    /// In place of `totpCode`, one of the recovery codes, each of which works once; not looked at beside it.
    recovery_code: Option<String>,
}

/// Answer of `logIn`.
#[derive(SimpleObject)]
pub struct LogInPayload {
    /// The new session; null when there are `userErrors`.
    session: Option<Session>,
    /// The account; null when there are `userErrors`.
    user: Option<User>,
    /// The same mistake for an unknown address and for a wrong password. With the right password `SECOND_FACTOR_REQUIRED`
    /// where a code is needed, `INVALID` for a wrong one; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `refreshSession`.
#[derive(InputObject)]
pub struct RefreshSessionInput {
    /// The refresh token that came last. For 10 seconds after its first use it gives the same successor again, as long as
    /// nobody has used that; later it ends its whole session.
    refresh_token: String,
}

/// Answer of `refreshSession`.
#[derive(SimpleObject)]
pub struct RefreshSessionPayload {
    /// The next pair of tokens; null when there are `userErrors`.
    session: Option<Session>,
    /// Why there is no next pair; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Input of `logOut`.
#[derive(InputObject)]
pub struct LogOutInput {
    /// Any refresh token of the session that is to end.
    refresh_token: String,
}

/// Answer of `logOut`.
#[derive(SimpleObject)]
pub struct LogOutPayload {
    /// `NOT_FOUND` for a token that was never given out; empty when the session has ended, now or before.
    user_errors: Vec<UserError>,
}

/// Mutations of sessions.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Makes an account with a first tenant, or in the tenant of an invitation, and logs it in. Needs no token, and stands
    /// alone in its document. `RATE_LIMITED` after 50 from one address whose input was right, `TAKEN` or not; one more is taken
    /// each minute.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account and its first tenant.")] input: SignUpInput,
    ) -> Result<SignUpPayload> {
        let SignUpInput { email, password, tenant_name, invitation_token: invitation } = input;
        let input = auth::SignUp { email, password, tenant_name, invitation };
        Ok(match answer(ctx, auth::sign_up(context::app(ctx)?, input, &context::client(ctx)).await)? {
            Ok(made) => SignUpPayload {
                session: Some(made.session.into()),
                user: Some(made.user.into()),
                tenant: Some(Tenant::new(made.scope, made.tenant)),
                user_errors: Vec::new(),
            },
            Err(user_errors) => SignUpPayload { session: None, user: None, tenant: None, user_errors },
        })
    }

    /// Begins a session. Needs no token, and stands alone in its document. A user has at most 100 open sessions: one more ends the one that was used least
    /// recently. `RATE_LIMITED` after 5 attempts on an account from one address that did not go well; one more is taken each
    /// minute. Looser limits hold for an address whatever the account, and for an account whatever the address.
    async fn log_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose session.")] input: LogInInput,
    ) -> Result<LogInPayload> {
        let LogInInput { email, password, totp_code, recovery_code } = input;
        let shown = auth::second_factor::Shown { totp_code, recovery_code };
        let credentials = auth::Credentials { email, password, shown };
        Ok(match answer(ctx, auth::log_in(context::app(ctx)?, credentials, &context::client(ctx)).await)? {
            Ok(made) => LogInPayload {
                session: Some(made.session.into()),
                user: Some(made.user.into()),
                user_errors: Vec::new(),
            },
            Err(user_errors) => LogInPayload { session: None, user: None, user_errors },
        })
    }

    /// Exchanges a refresh token for the next pair of tokens. Needs no access token: send no `Authorization` header along, since
    /// with one that is over nothing is run.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token to exchange.")] input: RefreshSessionInput,
    ) -> Result<RefreshSessionPayload> {
        let refreshed = auth::refresh(context::app(ctx)?, &input.refresh_token, &context::client(ctx)).await;
        Ok(match answer(ctx, refreshed)? {
            Ok(session) => RefreshSessionPayload { session: Some(session.into()), user_errors: Vec::new() },
            Err(user_errors) => RefreshSessionPayload { session: None, user_errors },
        })
    }

    /// Ends a session: its refresh tokens and its access tokens work no more. Needs no access token.
    async fn log_out(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: LogOutInput,
    ) -> Result<LogOutPayload> {
        let ended = answer(ctx, auth::log_out(context::app(ctx)?, &input.refresh_token, &context::client(ctx)).await)?;
        Ok(LogOutPayload { user_errors: ended.err().unwrap_or_default() })
    }
}
