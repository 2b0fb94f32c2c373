//! Holds the tables to the schema: each field of each mutation's input, at whatever depth, has a mistake in them or stands
//! below with the reason why nothing can be told of it; so has each code; and where something is too long or too many, the
//! longest that is taken is in them too.

use super::table::{Table, Told, changed_input};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields of which nothing is told, by the mutation (`*` for any) and the end of their path, and why.
const NOTHING_TO_TELL: [(&str, &str, &str); 4] = [
    ("*", "startsAt", "an instant breaks no rule: what is wrong is told of expiresAt"),
    ("*", "ids.key", "what is wrong is told of ids and the key"),
    ("*", "ids.value", "what is wrong is told of ids and the key"),
    ("logIn", "email", "who has an account is not told: what is wrong is told of the password"),
];

/// Limits whose measure is not the length of the text or list in the field, by the mutation and the path.
const MEASURED_OTHERWISE: [(&str, &str); 4] = [
    // before it is encoded
    ("updateTenant", "branding.logo"),
    // different destinations
    ("trackContent", "content"),
    // no network has as many as can be given
    ("createPixel", "ids"),
    ("updatePixel", "ids"),
];

/// What a schema says of inputs.
#[derive(Default)]
struct Schema {
    /// Each mutation's type of input; empty for none.
    mutations: BTreeMap<String, String>,
    /// Fields and their types, by type.
    inputs: BTreeMap<String, Vec<(String, String)>>,
    /// Values, by enumeration.
    enums: BTreeMap<String, BTreeSet<String>>,
}

impl Schema {
    fn parse(sdl: &str) -> Self {
        let mut schema = Self::default();
        // descriptions are every other piece
        let text: String = sdl.split("\"\"\"").step_by(2).collect();
        for block in text.split("\n}") {
            let mut lines = block.lines().map(str::trim).filter(|line| !line.is_empty());
            // scalars and unions have no block of their own
            let head = lines.find(|line| line.ends_with('{')).unwrap_or_default();
            let head: Vec<&str> = head.split_whitespace().collect();
            let pair = |line: &str| line.split_once(": ").map(|(name, kind)| (name.to_owned(), kind.to_owned()));
            match head.as_slice() {
                ["input", name, ..] => drop(schema.inputs.insert((*name).to_owned(), lines.filter_map(pair).collect())),
                ["enum", name, ..] => {
                    drop(schema.enums.insert((*name).to_owned(), lines.map(str::to_owned).collect()));
                }
                ["type", "Mutation", ..] => {
                    let mut mutation = String::new();
                    for line in lines {
                        if let Some(name) = line.strip_suffix('(') {
                            mutation = name.to_owned();
                        } else if let Some(kind) = line.strip_prefix("input: ") {
                            schema.mutations.insert(mutation.clone(), bare(kind).to_owned());
                        } else if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with(')')) {
                            schema.mutations.insert(name.to_owned(), String::new());
                        }
                    }
                }
                _ => {}
            }
        }
        schema
    }

    /// The fields below a type, with their types.
    fn fields(&self, kind: &str) -> Vec<(String, String)> {
        let Some(fields) = self.inputs.get(kind) else { return Vec::new() };
        let below = |(name, kind): &(String, String)| {
            let within = self.fields(bare(kind));
            let within = within.into_iter().map(|(path, kind)| (format!("{name}.{path}"), kind));
            [(name.clone(), kind.clone())].into_iter().chain(within).collect::<Vec<_>>()
        };
        fields.iter().flat_map(below).collect()
    }

    /// Whether whatever GraphQL lets through in a field of this type is good: a truth value, or one of an enumeration.
    fn is_any_good(&self, kind: &str) -> bool {
        !kind.starts_with('[') && (bare(kind) == "Boolean" || self.enums.contains_key(bare(kind)))
    }
}

/// The name of the type that a reference comes down to.
fn bare(kind: &str) -> &str {
    kind.split(" = ").next().unwrap_or_default().trim_matches(|c| matches!(c, '[' | ']' | '!'))
}

fn all_told<'a>(tables: &'a [Table], mutation: &'a str) -> impl Iterator<Item = &'a Told> {
    let of = tables.iter().filter(move |table| table.mutation == mutation);
    of.flat_map(|table| table.cases.iter().flat_map(|case| &case.told))
}

/// Mutations that are in no table, and fields of which no table tells a mistake.
fn missing(schema: &Schema, tables: &[Table]) -> Vec<String> {
    let mut missing = Vec::new();
    for (mutation, input) in &schema.mutations {
        if !tables.iter().any(|table| table.mutation == mutation && !table.is_refused_always) {
            missing.push(mutation.clone());
        }
        let told: BTreeSet<String> = all_told(tables, mutation).map(Told::field).collect();
        for (path, kind) in schema.fields(input) {
            let is_excused = NOTHING_TO_TELL.iter().any(|(of, end, _)| is_at(of, end, mutation, &path));
            let is_group = schema.inputs.contains_key(bare(&kind));
            if !told.contains(&path) && !is_excused && !is_group && !schema.is_any_good(&kind) {
                missing.push(format!("{mutation}.{path}"));
            }
        }
    }
    missing
}

fn is_at(of: &str, end: &str, mutation: &str, path: &str) -> bool {
    (of == "*" || of == mutation) && (path == end || path.ends_with(&format!(".{end}")))
}

/// Mistakes of fields that there are not.
fn nowhere(schema: &Schema, tables: &[Table]) -> Vec<String> {
    let mut nowhere = Vec::new();
    for table in tables {
        let fields = schema.mutations.get(table.mutation).map(|input| schema.fields(input)).unwrap_or_default();
        for told in all_told(std::slice::from_ref(table), table.mutation) {
            let path = told.field();
            let is_pixel_id = path.starts_with("ids.");
            if !path.is_empty() && !is_pixel_id && !fields.iter().any(|(known, _)| *known == path) {
                nowhere.push(format!("{}.{path}", table.mutation));
            }
        }
    }
    nowhere
}

/// Codes that no table tells.
fn untold(schema: &Schema, tables: &[Table]) -> Vec<String> {
    let told: BTreeSet<&str> = tables
        .iter()
        .flat_map(|table| all_told(std::slice::from_ref(table), table.mutation))
        .map(|told| told.code.as_str())
        .collect();
    let codes = schema.enums["UserErrorCode"].iter();
    codes.filter(|code| !told.contains(code.as_str())).cloned().collect()
}

/// The lengths of what stands in a place of an input: characters and bytes, or items twice.
fn lengths(input: &Value, path: &str) -> Option<(usize, usize)> {
    match input.pointer(&format!("/{}", path.replace('.', "/")))? {
        Value::String(text) => Some((text.chars().count(), text.len())),
        Value::Array(items) => Some((items.len(), items.len())),
        _ => None,
    }
}

/// The inputs that a table says are taken.
fn taken(table: &Table) -> Vec<Value> {
    let changes = table.cases.iter().filter(|case| case.told.is_empty()).map(|case| &case.change);
    changes.map(|change| changed_input(table, change)).chain([table.good.clone()]).collect()
}

/// Places where something is refused as too long or too many, and nothing that is one shorter is taken.
fn without_the_longest(tables: &[Table]) -> Vec<String> {
    let mut found = Vec::new();
    for table in tables.iter().filter(|table| !table.is_refused_always) {
        let of = tables.iter().filter(|other| other.mutation == table.mutation && !other.is_refused_always);
        let good: Vec<Value> = of.flat_map(taken).collect();
        for case in &table.cases {
            let over = case.told.iter().filter(|told| matches!(told.code.as_str(), "TOO_LONG" | "LIMIT_REACHED"));
            for told in over.filter(|told| !MEASURED_OTHERWISE.contains(&(table.mutation, &*told.field()))) {
                let input = changed_input(table, &case.change);
                let Some((characters, bytes)) = lengths(&input, &told.path).filter(|_| told.field() != "id") else {
                    continue;
                };
                let longest = good.iter().filter_map(|input| lengths(input, &told.path));
                if !longest.into_iter().any(|(others, size)| others + 1 == characters || size + 1 == bytes) {
                    found.push(format!("{}: {} ({})", table.mutation, told.path, case.name));
                }
            }
        }
    }
    found
}

fn schema() -> Schema {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Schema::parse(&std::fs::read_to_string(root.join("schema.graphql")).unwrap())
}

#[test]
fn every_field_and_every_code_is_in_the_tables() {
    let (schema, tables) = (schema(), super::tables());
    assert!(schema.mutations.len() > 40 && schema.fields("UpdateTenantInput").len() > 30);
    assert_eq!(missing(&schema, &tables), [""; 0], "nothing is told of these");
    assert_eq!(nowhere(&schema, &tables), [""; 0], "there are no such fields");
    assert_eq!(untold(&schema, &tables), [""; 0], "no table tells these");
    assert_eq!(without_the_longest(&tables), [""; 0], "the longest that is taken is in no table");
    for (of, end, why) in NOTHING_TO_TELL {
        let all = schema.mutations.iter().flat_map(|(mutation, input)| {
            schema.fields(input).into_iter().map(move |(path, _)| (mutation.clone(), path))
        });
        let mut excused = all.filter(|(mutation, path)| is_at(of, end, mutation, path));
        let told = |(mutation, path): (String, String)| all_told(&tables, &mutation).any(|told| told.field() == path);
        assert!(excused.all(|place| !told(place)), "{of} {end} needs no excuse: {why}");
    }
}

#[test]
fn a_field_that_nobody_thought_of_is_found() {
    let made_up = "type Mutation {\n\t\"\"\"\n\tMakes (it).\n\t\"\"\"\n\tmake(\n\t\tinput: MakeInput!\n\t): MakePayload!\n\tstop: StopPayload!\n}\n\
        input MakeInput {\n\tname: String!\n\tcolour: String\n\tloud: Boolean! = false\n\tmode: Mode\n\tinner: [InnerInput!]\n}\n\
        input InnerInput {\n\tdepth: Int\n\tmodes: [Mode!]!\n}\n\
        enum Mode {\n\tA\n}\nenum UserErrorCode {\n\tINVALID\n\tSTRANGE\n\tTOO_LONG\n}\n";
    let schema = Schema::parse(made_up);
    let rows = || {
        [
            ("too long", serde_json::json!({ "name": "four" }), "name TOO_LONG"),
            ("odd", serde_json::json!({}), "inner.3.modes INVALID, other INVALID"),
        ]
    };
    let made = |length: usize| {
        let row = ("the longest", serde_json::json!({ "name": "x".repeat(length) }), "");
        vec![Table::new("make", serde_json::json!({ "name": "" }), "").rows(rows()).rows([row])]
    };
    assert_eq!(missing(&schema, &made(3)), ["make.colour", "make.inner.depth", "stop"]);
    assert_eq!(nowhere(&schema, &made(3)), ["make.other"]);
    assert_eq!(untold(&schema, &made(3)), ["STRANGE"]);
    assert_eq!(without_the_longest(&made(3)), [""; 0]);
    assert_eq!(without_the_longest(&made(2)), ["make: name (too long)"]);
}
