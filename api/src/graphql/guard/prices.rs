//! What each field costs: read once from the schema's own text, so that a new field has a price without anybody's doing, and
//! from short tables of those that are dearer and of lists. Prices are in hundredths.

mod table;

use self::table::{BY_ARGUMENT, DEARER, GIVEN, LISTS, TOLD_OF_INPUTS};
use super::types::named;
use async_graphql::parser::{
    parse_schema,
    types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition},
};
use std::collections::HashMap;

/// Hundredths of the cost of a field that nothing else is said of.
pub(super) const FIELD: u64 = 10;
/// Mutations that nothing else is said of, in tenths.
const MUTATION: u64 = 50;
/// `totalCount` of a connection, in tenths: all pages are counted.
const TOTAL: u64 = 20;
/// What costs so much costs the same in every list, in hundredths: each row of it is work of its own.
const DEAR: u64 = 100;
/// Lists of payloads that are as long as their mutations say.
const OF_PARENTS: [&str; 2] = ["CreateLinksPayload.results", "TrackContentPayload.links"];
/// How much less other fields cost in the rows of a list that comes along with what has it.
const ALONG: u64 = 10;

/// How many rows a field may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows {
    /// It is no list of objects.
    One,
    /// So many at most; they come along with what has them.
    Most(u64),
    /// As `first` or `last` say.
    Page {
        /// When neither is given.
        default: u64,
    },
    /// A list within what knows how long it is.
    OfParent,
    /// As many as what is given in an input may make.
    Given(Given),
    /// The buckets of the report around, by the value of this argument.
    ByArgument(&'static str, &'static [Bucket]),
    /// As many as its input is to blame for: nothing.
    ToldOfInputs,
}

/// A list or a text in an input, and how many rows come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    /// The argument and its field.
    pub(super) path: [&'static str; 2],
    /// Items of the list, or bytes of the text, for a row.
    pub(super) each: u64,
    /// The most rows, however long it is.
    pub(super) most: u64,
}

/// A length of the buckets of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// Of the argument.
    pub(super) value: &'static str,
    /// Milliseconds of one, where clocks are not changed.
    pub(super) shortest: u64,
    /// The most that any report has.
    pub(super) most: u64,
}

/// What a field costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Price {
    /// Hundredths, whatever it answers.
    own: u64,
    /// How many rows.
    pub(super) rows: Rows,
    /// Whether it answers a list.
    pub(super) list: bool,
    /// The type that it answers.
    pub(super) answers: String,
}

impl Price {
    /// Hundredths, whatever it answers; `along` says whether it stands in the rows of a list that comes along.
    pub(super) const fn own(&self, along: bool) -> u64 {
        if along && self.own < DEAR { self.own / ALONG } else { self.own }
    }

    /// Hundredths of each row besides what is selected in it: of long lists of little, and of what is made.
    pub(super) const fn row(&self) -> u64 {
        match self.rows {
            Rows::Given(_) => FIELD,
            Rows::ByArgument(..) => 4 * FIELD / ALONG,
            _ => 0,
        }
    }

    /// Whether what it selects stands in the rows of a list that comes along. The rows of a page are read for themselves.
    pub(super) const fn brings_along(&self, along: bool) -> bool {
        match self.rows {
            Rows::Page { .. } => self.list,
            Rows::One | Rows::OfParent => along,
            _ => true,
        }
    }
}

/// The prices of all fields.
#[derive(Debug)]
pub(super) struct Prices {
    types: HashMap<String, HashMap<String, Price>>,
}

impl Prices {
    /// Reads the text of a schema; what cannot be read costs what unknown fields cost.
    pub(super) fn of(schema: &str) -> Self {
        let definitions = parse_schema(schema).map(|document| document.definitions).unwrap_or_default();
        let kinds = definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(definition.node),
            _ => None,
        });
        let (mut types, mut leaves) = (HashMap::new(), vec!["String", "Int", "Float", "Boolean", "ID"]);
        let kinds: Vec<_> = kinds.collect();
        let leaf = |kind: &TypeKind| matches!(kind, TypeKind::Scalar | TypeKind::Enum(_));
        leaves.extend(kinds.iter().filter(|known| leaf(&known.kind)).map(|known| known.name.node.as_str()));
        for known in &kinds {
            let fields = match &known.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let name = known.name.node.as_str();
            let priced =
                fields.iter().map(|field| (field.node.name.node.to_string(), price(name, &field.node, &leaves)));
            types.insert(name.to_owned(), priced.collect());
        }
        Self { types }
    }

    /// The price of a field; `None` for one that the schema does not have.
    pub(super) fn find(&self, on: &str, field: &str) -> Option<&Price> {
        self.types.get(on)?.get(field)
    }
}

fn price(on: &str, field: &FieldDefinition, leaves: &[&str]) -> Price {
    let name = format!("{on}.{}", field.name.node);
    let list = matches!(field.ty.node.base, BaseType::List(_));
    let answers = named(&field.ty.node).to_owned();
    let usual = match field.name.node.as_str() {
        _ if on == "Mutation" => MUTATION * ALONG,
        "totalCount" => TOTAL * ALONG,
        _ => FIELD,
    };
    let own = DEARER.iter().find(|(known, _)| *known == name).map_or(usual, |(_, tenths)| tenths * ALONG);
    Price { own, rows: rows(on, &name, field, leaves.contains(&answers.as_str())), list, answers }
}

fn rows(on: &str, name: &str, field: &FieldDefinition, leaf: bool) -> Rows {
    let default = |argument: &str| {
        let found = field.arguments.iter().find(|known| known.node.name.node == argument)?;
        let given = found.node.default_value.as_ref().and_then(|value| value.node.to_string().parse().ok());
        Some(given.unwrap_or(u64::from(crate::page::DEFAULT)))
    };
    if let Some(default) = default("first").or_else(|| default("last")) {
        return Rows::Page { default };
    }
    if let Some((_, given)) = GIVEN.iter().find(|(known, _)| *known == name) {
        return Rows::Given(*given);
    }
    if leaf || !matches!(field.ty.node.base, BaseType::List(_)) {
        return Rows::One;
    }
    if TOLD_OF_INPUTS.contains(&named(&field.ty.node)) {
        return Rows::ToldOfInputs;
    }
    if on.ends_with("Connection") || OF_PARENTS.contains(&name) {
        return Rows::OfParent;
    }
    if let Some((_, argument, buckets)) = BY_ARGUMENT.iter().find(|(known, _, _)| *known == name) {
        return Rows::ByArgument(argument, buckets);
    }
    let known = LISTS.iter().find(|(known, _)| *known == name);
    Rows::Most(known.map_or(u64::from(crate::page::MAX), |(_, most)| *most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Lists of objects whose length nothing is said of.
    fn unbounded(schema: &str) -> BTreeSet<String> {
        let known: BTreeSet<&str> = LISTS.iter().map(|(name, _)| *name).collect();
        let prices = Prices::of(schema);
        let fields = prices.types.iter().flat_map(|(on, fields)| fields.iter().map(move |field| (on, field)));
        let lists = fields.filter(|(_, (_, price))| matches!(price.rows, Rows::Most(_)));
        let names = lists.map(|(on, (field, _))| format!("{on}.{field}"));
        names.filter(|name| !known.contains(name.as_str())).collect()
    }

    #[test]
    fn every_list_without_pages_is_bounded() {
        let schema = crate::graphql::sdl();
        assert_eq!(unbounded(&schema), BTreeSet::new());
        let worse =
            format!("{schema} type Shelf {{ books(of: ID): [Link!]! labels: [String!]! page(first: Int): [Link!] }}");
        assert_eq!(unbounded(&worse), BTreeSet::from(["Shelf.books".to_owned()]));
    }

    #[test]
    fn every_field_has_a_price_and_every_price_a_field() {
        let prices = Prices::of(&crate::graphql::sdl());
        let dearer = DEARER.iter().map(|(name, _)| *name);
        let lists = LISTS.iter().map(|(name, _)| *name);
        let others = GIVEN.iter().map(|(name, _)| *name).chain(BY_ARGUMENT.iter().map(|(name, _, _)| *name));
        for name in dearer.chain(lists).chain(others) {
            let (on, field) = name.split_once('.').unwrap();
            assert!(prices.find(on, field).is_some(), "{name} is not in the schema");
        }
        let find = |on: &str, field: &str| prices.find(on, field).cloned().unwrap();
        let links = find("Tenant", "links");
        assert_eq!(
            (links.rows.clone(), links.list, links.answers.as_str()),
            (Rows::Page { default: 20 }, false, "LinkConnection")
        );
        assert!(!links.brings_along(true) && find("Link", "values").brings_along(false));
        assert_eq!(find("Report", "breakdown").rows, Rows::Page { default: 10 });
        assert_eq!(find("LinkConnection", "nodes").rows, Rows::OfParent);
        assert_eq!((find("Link", "tags").rows, find("Link", "slug").rows), (Rows::One, Rows::One));
        assert_eq!(find("CreateLinkPayload", "userErrors").rows, Rows::ToldOfInputs);
        assert_eq!((find("Mutation", "createLink").own(true), find("Link", "slug").own(false)), (500, FIELD));
        assert_eq!((find("Link", "slug").own(true), find("Link", "report").own(true)), (1, 100));
        assert_eq!(prices.find("Query", "nothing"), None);
    }

    #[test]
    fn the_tables_hold_the_catalogue_and_the_reasons() {
        let most = |name: &str| LISTS.iter().find(|(known, _)| *known == name).unwrap().1;
        let networks = contract::network::catalogue();
        assert!(most("Query.networks") >= networks.len() as u64);
        let ids = networks.values().map(|network| network.ids.len() as u64).max().unwrap();
        assert_eq!((ids, ids), (most("Network.idFields"), most("Pixel.ids")));
        let schema = crate::graphql::sdl();
        let values = |kind: &str| {
            let part = schema.split(&format!("enum {kind} {{")).nth(1).unwrap().split('}').next().unwrap();
            part.lines()
                .filter(|line| {
                    line.trim().chars().next().is_some_and(|first| first.is_ascii_uppercase()) && !line.contains(' ')
                })
                .count()
        };
        assert_eq!(values("ExclusionReason") as u64, most("Report.excluded"));
        assert_eq!(values("ReportInterval"), BY_ARGUMENT[0].2.len());
    }
}
