//! Pixels: what fires on the visits of a tenant's links.

pub mod health;

use super::{
    context,
    error::{UserError, answer, top_level, value},
    id::{self, Kind},
    network::NetworkKey,
    page::{Connection, PageArgs, TotalCount, connect},
    scalars::DateTime,
    tenant::scope_of,
};
use crate::{
    error::Error,
    pixels::{self, NewPixel, PixelChange, Saved},
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use contract::{document, network::IdProblem};
use uuid::Uuid;

/// A page of pixels.
pub type PixelConnection = Connection<Pixel>;

/// How a pixel fires where its network offers a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "document::PixelMode")]
pub enum PixelMode {
    /// As an image where the network has that form and an image can do what the pixel's ids ask for, so that the visitor
    /// goes on at once; else by its script.
    Auto,
    /// By the network's script; the visitor waits until it fired, at most for the tenant's `budgetMs`.
    Script,
}

/// One id of a pixel in its network.
#[derive(Debug, Clone, SimpleObject)]
pub struct PixelId {
    /// Which id, as `networks.idFields.key` names it.
    key: String,
    /// The id.
    value: String,
}

/// One id of a pixel in its network.
#[derive(Debug, Clone, InputObject)]
pub struct PixelIdInput {
    /// Which id, as `networks.idFields.key` names it.
    key: String,
    /// The id; white space around it is cut off.
    value: String,
}

/// A pixel of a tenant.
#[derive(Debug, Clone)]
pub struct Pixel(pixels::Pixel);

impl From<pixels::Pixel> for Pixel {
    fn from(pixel: pixels::Pixel) -> Self {
        Self(pixel)
    }
}

/// A pixel of a tenant: it fires on the links that have it, or on all.
#[Object]
impl Pixel {
    /// Opaque and stable.
    pub(super) async fn id(&self) -> ID {
        id::encode(Kind::Pixel, self.0.id)
    }

    /// Its network.
    async fn network(&self) -> NetworkKey {
        NetworkKey(self.0.network)
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its ids in the network.
    async fn ids(&self) -> Vec<PixelId> {
        let id = |(key, value): (&String, &String)| PixelId { key: key.clone(), value: value.clone() };
        self.0.ids.iter().map(id).collect()
    }

    /// How it fires.
    async fn mode(&self) -> PixelMode {
        self.0.mode.into()
    }

    /// Whether it fires on every link of the tenant.
    async fn is_default(&self) -> bool {
        self.0.is_default
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// Something odd in an input that was stored all the same.
#[derive(Debug, Clone, SimpleObject)]
pub struct PixelWarning {
    /// Path to the field within `input`.
    field: Vec<String>,
    /// What is odd, as a sentence for people.
    message: String,
}

impl From<IdProblem> for PixelWarning {
    fn from(problem: IdProblem) -> Self {
        Self { field: vec!["ids".to_owned(), problem.field], message: problem.rule }
    }
}

/// Input of `createPixel`.
#[derive(InputObject)]
pub struct CreatePixelInput {
    /// The tenant; it can have 50 pixels.
    tenant_id: ID,
    /// The network; it stays.
    network: NetworkKey,
    /// What to call it, 1 to 100 characters.
    name: String,
    /// The ids that `networks.idFields` asks for, at most 10.
    ids: Vec<PixelIdInput>,
    /// How it fires.
    #[graphql(default_with = "PixelMode::Auto")]
    mode: PixelMode,
    /// Whether it fires on every link of the tenant, but for links that are `withoutPixels`.
    #[graphql(default = false)]
    is_default: bool,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    idempotency_key: Option<String>,
}

/// Input of `updatePixel`; what is left out, or null, stays as it is.
#[derive(InputObject)]
pub struct UpdatePixelInput {
    /// The pixel.
    id: ID,
    /// What to call it, 1 to 100 characters.
    name: Option<String>,
    /// All its ids, at most 10.
    ids: Option<Vec<PixelIdInput>>,
    /// How it fires.
    mode: Option<PixelMode>,
    /// Whether it fires on every link of the tenant, but for links that are `withoutPixels`.
    is_default: Option<bool>,
}

/// Input of `deletePixel`.
#[derive(InputObject)]
pub struct DeletePixelInput {
    /// The pixel.
    id: ID,
}

/// Answer of `createPixel`.
#[derive(Default, SimpleObject)]
pub struct CreatePixelPayload {
    /// The new pixel; null when there are `userErrors`.
    pixel: Option<Pixel>,
    /// What is odd about it; it was stored all the same.
    warnings: Vec<PixelWarning>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `updatePixel`.
#[derive(Default, SimpleObject)]
pub struct UpdatePixelPayload {
    /// The pixel as it is now; null when there are `userErrors`.
    pixel: Option<Pixel>,
    /// What is odd about it; it was stored all the same.
    warnings: Vec<PixelWarning>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

/// Answer of `deletePixel`.
#[derive(Default, SimpleObject)]
pub struct DeletePixelPayload {
    /// The pixel that is gone; null when there are `userErrors`.
    deleted_pixel_id: Option<ID>,
    /// The mistakes of the input; empty when it worked.
    user_errors: Vec<UserError>,
}

fn pairs(ids: Vec<PixelIdInput>) -> Vec<(String, String)> {
    ids.into_iter().map(|id| (id.key, id.value)).collect()
}

fn parts(saved: Saved) -> (Option<Pixel>, Vec<PixelWarning>) {
    (Some(Pixel(saved.pixel)), saved.warnings.into_iter().map(PixelWarning::from).collect())
}

/// A tenant's pixels.
///
/// # Errors
/// For arguments that break a rule; a top-level error for a fault.
pub async fn pixels_of(ctx: &Context<'_>, scope: &TenantScope, page: PageArgs) -> Result<PixelConnection> {
    let (scope, db) = (*scope, &context::app(ctx)?.db);
    let window = pixels::list(db, scope, &page.page()?).await.map_err(top_level)?;
    let counted = db.clone();
    let total = TotalCount::new(move || {
        let db = counted.clone();
        async move { pixels::count(&db, scope).await }
    });
    Ok(connect(window, total, Pixel::from))
}

/// The scope and the key of a pixel's id, for a role that may go on.
async fn scope_of_pixel(
    ctx: &Context<'_>,
    id: &ID,
    needs: Permission,
) -> Result<std::result::Result<(TenantScope, Uuid), Error>> {
    let caller = context::caller(ctx)?;
    let Some(key) = id::decode(Kind::Pixel, id) else { return Ok(Err(Error::not_found("id"))) };
    let scope = TenantScope::of_pixel(&context::app(ctx)?.db, caller, key, needs, "id").await;
    context::admitted(ctx, scope.map(|scope| (scope, key)), |(scope, _)| scope)
}

/// The pixel of an id, for queries: null when there is none for this caller.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Pixel>> {
    let Some((scope, key)) = value(scope_of_pixel(ctx, id, Permission::ReadPixels).await?)? else { return Ok(None) };
    Ok(value(pixels::find(&context::app(ctx)?.db, scope, key).await)?.map(Pixel))
}

/// Queries of pixels.
#[derive(Default)]
pub struct PixelQuery;

#[Object]
impl PixelQuery {
    /// A pixel of a tenant that the caller is a member of; null for any other.
    async fn pixel(&self, ctx: &Context<'_>, #[graphql(desc = "The pixel's id.")] id: ID) -> Result<Option<Pixel>> {
        find(ctx, &id).await
    }
}

/// Mutations of pixels.
#[derive(Default)]
pub struct PixelMutation;

#[Object]
impl PixelMutation {
    /// Makes a pixel; needs the role EDITOR. Visits follow within a second.
    async fn create_pixel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new pixel.")] input: CreatePixelInput,
    ) -> Result<CreatePixelPayload> {
        let failed = |user_errors| CreatePixelPayload { user_errors, ..Default::default() };
        let scope = match answer(ctx, scope_of(ctx, &input.tenant_id, Permission::WritePixels, "tenantId").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        let once = context::once(ctx, input.idempotency_key)?;
        let new = NewPixel {
            network: input.network.0,
            name: input.name,
            ids: pairs(input.ids),
            mode: input.mode.into(),
            is_default: input.is_default,
        };
        Ok(match answer(ctx, pixels::create(context::app(ctx)?, scope, new, once).await)? {
            Ok(saved) => {
                let (pixel, warnings) = parts(saved);
                CreatePixelPayload { pixel, warnings, user_errors: Vec::new() }
            }
            Err(user_errors) => failed(user_errors),
        })
    }

    /// Changes a pixel; needs the role EDITOR. Visits follow within a second.
    async fn update_pixel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdatePixelInput,
    ) -> Result<UpdatePixelPayload> {
        let failed = |user_errors| UpdatePixelPayload { user_errors, ..Default::default() };
        let (scope, key) = match answer(ctx, scope_of_pixel(ctx, &input.id, Permission::WritePixels).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        let change = PixelChange {
            name: input.name,
            ids: input.ids.map(pairs),
            mode: input.mode.map(Into::into),
            is_default: input.is_default,
        };
        Ok(match answer(ctx, pixels::update(context::app(ctx)?, scope, key, change).await)? {
            Ok(saved) => {
                let (pixel, warnings) = parts(saved);
                UpdatePixelPayload { pixel, warnings, user_errors: Vec::new() }
            }
            Err(user_errors) => failed(user_errors),
        })
    }

    /// Deletes a pixel, also from the links that have it; needs the role EDITOR. What it did stays in reports.
    async fn delete_pixel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pixel.")] input: DeletePixelInput,
    ) -> Result<DeletePixelPayload> {
        let failed = |user_errors| DeletePixelPayload { user_errors, ..Default::default() };
        let (scope, key) = match answer(ctx, scope_of_pixel(ctx, &input.id, Permission::WritePixels).await?)? {
            Ok(found) => found,
            Err(user_errors) => return Ok(failed(user_errors)),
        };
        Ok(match answer(ctx, pixels::delete(context::app(ctx)?, scope, key).await)? {
            Ok(()) => DeletePixelPayload { deleted_pixel_id: Some(input.id), user_errors: Vec::new() },
            Err(user_errors) => failed(user_errors),
        })
    }
}
