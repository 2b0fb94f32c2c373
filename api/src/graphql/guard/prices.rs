//! What each field costs: read once from the schema's own text, so that a new field has a price without anybody's doing, and
//! from one short list of those that are dearer. Prices are in tenths.

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, Type, TypeKind, TypeSystemDefinition},
};
use std::collections::HashMap;

/// Tenths of the cost of a field that nothing else is said of.
pub(super) const FIELD: u64 = 1;
/// Rows of a list that nothing else is said of.
const SOME: u64 = 10;

/// Dearer fields: their own price in tenths, and the rows of a list that takes no `first`.
const DEARER: [(&str, u64, u64); 41] = [
    // a password is hashed
    ("Mutation.signUp", 1_000, 1),
    ("Mutation.logIn", 1_000, 1),
    ("Mutation.changePassword", 1_000, 1),
    ("Mutation.confirmTotp", 1_000, 1),
    ("Mutation.disableTotp", 1_000, 1),
    ("Mutation.resetPassword", 1_000, 1),
    ("Mutation.transferOwnership", 1_000, 1),
    // a mail is sent
    ("Mutation.requestPasswordReset", 100, 1),
    ("Mutation.inviteMember", 100, 1),
    ("Mutation.refreshSession", 50, 1),
    ("Mutation.logOut", 50, 1),
    ("Mutation.createLinks", 100, 1),
    ("Mutation.trackContent", 600, 1),
    ("TrackContentPayload.links", 1, 50),
    // a redirector is asked
    ("Query.previewInterstitial", 20, 1),
    ("InterstitialPreview.pixels", 1, 5),
    ("Query.networks", 1, 30),
    ("Network.idFields", 1, 3),
    ("Viewer.memberships", 1, 10),
    ("Viewer.sessions", 10, 10),
    ("User.totpEnabled", 5, 1),
    ("Tenant.report", 10, 1),
    ("Tenant.pixelHealth", 100, 50),
    ("Tenant.linkDefaults", 5, 1),
    ("LinkDefaults.pixels", 1, 5),
    ("TenantUsage.links", 20, 1),
    ("TenantUsage.clicksThisMonth", 20, 1),
    ("Link.report", 10, 1),
    ("Link.shortUrl", 2, 1),
    ("Link.pixels", 1, 5),
    ("Link.values", 1, 2),
    ("Pixel.ids", 1, 2),
    ("Click.parameters", 1, 2),
    ("Click.pixels", 1, 5),
    ("Webhook.events", 1, 6),
    // a body of up to 256 KiB
    ("WebhookDelivery.payload", 20, 1),
    ("Report.totals", 20, 1),
    ("Report.series", 50, 60),
    ("Report.breakdown", 20, 10),
    ("Report.delivery", 20, 10),
    ("Report.excluded", 20, 7),
];
/// Mutations that nothing else is said of, in tenths.
const MUTATION: u64 = 50;
/// `totalCount` of a connection, in tenths: all pages are counted.
const TOTAL: u64 = 20;
/// Fields that make many things at once: the list that they take, and how many of them cost as much as a row.
const BULK: [(&str, [&str; 2], u64); 1] = [("Mutation.createLinks", ["input", "links"], 10)];

/// How many rows a field may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// It is no list.
    One,
    /// A list of so many at most, or as a rule.
    About(u64),
    /// As `first` or `last` say.
    Page {
        /// When neither is given.
        default: u64,
    },
    /// A list within what knows how long it is.
    OfParent,
    /// As many as are given in a list of an input, which cost as much as a row so many together.
    Given {
        /// Argument and field.
        path: [&'static str; 2],
        /// How many cost as much as a row.
        together: u64,
    },
}

/// What a field costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Price {
    /// Tenths, whatever it answers.
    pub(super) own: u64,
    /// How many rows.
    pub(super) rows: Rows,
    /// Whether it answers a list.
    pub(super) list: bool,
    /// The type that it answers.
    pub(super) answers: String,
}

/// The prices of all fields.
#[derive(Debug)]
pub(super) struct Prices {
    types: HashMap<String, HashMap<String, Price>>,
}

impl Prices {
    /// Reads the text of a schema; what cannot be read costs what unknown fields cost.
    pub(super) fn of(schema: &str) -> Self {
        let mut types = HashMap::new();
        let definitions = parse_schema(schema).map(|document| document.definitions).unwrap_or_default();
        for definition in definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let fields = match definition.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let priced = fields.iter().map(|field| (field.node.name.node.to_string(), price(&name, &field.node)));
            types.insert(name.clone(), priced.collect());
        }
        Self { types }
    }

    /// The price of a field; `None` for one that the schema does not have.
    pub(super) fn find(&self, on: &str, field: &str) -> Option<&Price> {
        self.types.get(on)?.get(field)
    }
}

fn price(on: &str, field: &FieldDefinition) -> Price {
    let name = format!("{on}.{}", field.name.node);
    let list = matches!(field.ty.node.base, BaseType::List(_));
    let dearer = DEARER.iter().find(|(known, _, _)| *known == name);
    let usual = match field.name.node.as_str() {
        _ if on == "Mutation" => MUTATION,
        "totalCount" => TOTAL,
        _ => FIELD,
    };
    let own = dearer.map_or(usual, |(_, own, _)| *own);
    let default = |argument: &str| {
        let found = field.arguments.iter().find(|known| known.node.name.node == argument)?;
        let given = found.node.default_value.as_ref().and_then(|value| value.node.to_string().parse().ok());
        Some(given.unwrap_or(u64::from(crate::page::DEFAULT)))
    };
    let bulk = BULK.iter().find(|(known, _, _)| *known == name);
    let rows = match (default("first").or_else(|| default("last")), bulk) {
        (Some(default), _) => Rows::Page { default },
        (None, Some((_, path, together))) => Rows::Given { path: *path, together: *together },
        _ if !list => Rows::One,
        _ if on.ends_with("Connection") || name == "CreateLinksPayload.results" => Rows::OfParent,
        _ => Rows::About(dearer.map_or(SOME, |(_, _, rows)| *rows)),
    };
    Price { own, rows, list, answers: base(&field.ty.node) }
}

fn base(kind: &Type) -> String {
    match &kind.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_price_and_every_price_a_field() {
        let prices = Prices::of(&crate::graphql::sdl());
        let named = DEARER.iter().map(|(name, _, _)| *name).chain(BULK.map(|(name, _, _)| name));
        for name in named {
            let (on, field) = name.split_once('.').unwrap();
            assert!(prices.find(on, field).is_some(), "{name} is not in the schema");
        }
        let find = |on: &str, field: &str| prices.find(on, field).cloned().unwrap();
        let links = find("Tenant", "links");
        assert_eq!(
            (links.rows, links.list, links.answers.as_str()),
            (Rows::Page { default: 20 }, false, "LinkConnection")
        );
        assert_eq!(find("Report", "breakdown").rows, Rows::Page { default: 10 });
        assert_eq!(find("LinkConnection", "nodes").rows, Rows::OfParent);
        assert_eq!((find("Link", "tags").rows, find("Link", "slug").rows), (Rows::About(SOME), Rows::One));
        assert_eq!((find("Mutation", "createLink").own, find("Link", "slug").own), (MUTATION, FIELD));
        assert_eq!(prices.find("Query", "nothing"), None);
    }
}
