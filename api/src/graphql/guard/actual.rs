//! What an operation came to: the price of each field that the answer has, as often as it has it. Walks the answer once, along
//! the document that asked for it.

use super::{
    cost::{Cost, is_free, root, units},
    prices::{FIELD, Prices, Rows},
};
use async_graphql::{
    Value,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};

/// The cost of an answer, in whole units. The document must have passed the guard.
pub(super) fn actual(
    prices: &Prices,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    answer: &Value,
) -> u64 {
    let cost = Counting { prices, document }.set(root(operation.ty), &operation.selection_set.node, answer, false);
    units(cost.once.saturating_add(cost.each))
}

struct Counting<'a> {
    prices: &'a Prices,
    document: &'a ExecutableDocument,
}

impl Counting<'_> {
    fn set(&self, on: &str, set: &SelectionSet, answer: &Value, along: bool) -> Cost {
        let mut sum = Cost::default();
        for selection in &set.items {
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(on, &field.node, answer, along),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(on, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node, answer, along)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.map_or_else(Cost::default, |fragment| {
                        let on = &fragment.node.type_condition.node.on.node;
                        self.set(on, &fragment.node.selection_set.node, answer, along)
                    })
                }
            });
        }
        sum
    }

    fn field(&self, on: &str, field: &Field, answer: &Value, along: bool) -> Cost {
        // what was skipped, or belongs to another type, is not in the answer
        let Value::Object(fields) = answer else { return Cost::default() };
        let Some(value) = fields.get(&field.response_key().node) else { return Cost::default() };
        if is_free(&field.name.node) {
            return Cost::default();
        }
        let Some(price) = self.prices.find(on, &field.name.node) else { return Cost { once: FIELD, each: 0 } };
        let mut own = price.own(along);
        if price.rows == Rows::ToldOfInputs {
            return Cost { once: own, each: 0 };
        }
        let mut inner = Cost::default();
        let (set, along) = (&field.selection_set.node, price.brings_along(along));
        match value {
            Value::List(rows) if !set.items.is_empty() => {
                own += rows.len() as u64 * price.row();
                rows.iter().for_each(|row| inner.add(self.set(&price.answers, set, row, along)));
            }
            other => inner = self.set(&price.answers, set, other, along),
        }
        match price.rows {
            Rows::OfParent => Cost { once: own, each: inner.once + inner.each },
            _ => Cost { once: own + inner.once + inner.each, each: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{parser::parse_query, value};

    #[test]
    fn only_what_was_answered_counts() {
        let prices = Prices::of(&crate::graphql::sdl());
        let text = "{ tenant(id: 1) { links(first: 100) { nodes { id ...f } } } n: node(id: 1) { ... on Link { slug } } } \
                    fragment f on Link { pixels { name } slug @skip(if: true) }";
        let document = parse_query(text).unwrap();
        let operation = &document.operations.iter().next().unwrap().1.node;
        let cost = |answer: Value| actual(&prices, &document, operation, &answer);
        let link = |pixels: usize| value!({ "id": 1, "pixels": Value::List(vec![value!({ "name": "x" }); pixels]) });
        let links = |nodes: Vec<Value>| value!({ "tenant": { "links": { "nodes": Value::List(nodes) } }, "n": null });
        // tenant, links, nodes and n, and then two and a tenth of one for each pixel
        assert_eq!(cost(links(vec![])), 1);
        assert_eq!(cost(links(vec![link(0); 8])), 2);
        assert_eq!(cost(links(vec![link(20); 8])), 4);
        assert_eq!(cost(value!({ "tenant": null, "n": { "slug": "x" } })), 1);
        assert_eq!(cost(Value::Null), 0);
    }
}
