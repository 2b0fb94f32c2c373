//! The mistakes of an input in the order of its fields, whatever the order in which an operation finds them: the order in
//! which the schema declares the fields, and that of the items of a list.

use crate::error::Mistake;
use async_graphql::{
    Context,
    registry::{MetaType, MetaTypeName, Registry},
};

/// Sorts the mistakes of the mutation that this context resolves; those in no field come last.
pub(super) fn in_order(ctx: &Context<'_>, mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    let registry = &ctx.schema_env.registry;
    let input = input_of(registry, ctx.field().name());
    mistakes.sort_by_cached_key(|mistake| (mistake.field.is_empty(), place(registry, input, &mistake.field)));
    mistakes
}

/// The name of a mutation's input type; empty where it has none.
fn input_of<'a>(registry: &'a Registry, mutation: &str) -> &'a str {
    let root = registry.mutation_type.as_ref().and_then(|name| registry.types.get(name));
    let input = root.and_then(|root| root.field_by_name(mutation)).and_then(|field| field.args.get("input"));
    input.map(|input| MetaTypeName::concrete_typename(&input.ty)).unwrap_or_default()
}

/// Where a path leads: for each of its parts the number of a field or of an item. Parts that neither names, such as the
/// fields of a pixel's ids, stay as they were found.
fn place(registry: &Registry, input: &str, path: &[String]) -> Vec<usize> {
    let mut kind = input;
    let step = |part: &String| {
        if let Ok(item) = part.parse() {
            return item;
        }
        let Some(MetaType::InputObject { input_fields, .. }) = registry.types.get(kind) else { return 0 };
        let Some((at, _, field)) = input_fields.get_full(part.as_str()) else { return 0 };
        kind = MetaTypeName::concrete_typename(&field.ty);
        at
    };
    path.iter().map(step).collect()
}
