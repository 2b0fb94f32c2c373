//! The catalogue of ad networks. The enum `NetworkKey` is made from it when the schema is built, so that a network is
//! added by its file of facts alone.

use async_graphql::{
    ContextSelectionSet, Enum, InputType, InputValueError, InputValueResult, Name, Object, OutputType, Positioned,
    ServerResult, SimpleObject, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{Deprecation, MetaEnumValue, MetaType, MetaTypeId, Registry},
};
use contract::network::{self, catalogue};
use std::borrow::Cow;

/// A network, named by the key of its file of facts in upper case.
#[derive(Debug, Clone, Copy)]
pub struct NetworkKey(pub &'static network::Network);

impl NetworkKey {
    const NAME: &str = "NetworkKey";

    fn all() -> impl Iterator<Item = (String, Self)> {
        catalogue().values().map(|network| (network.key.to_uppercase(), Self(network)))
    }

    fn register(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Enum, |_| MetaType::Enum {
            name: Self::NAME.to_owned(),
            description: Some("An ad network, or a tenant's own image pixel.".to_owned()),
            enum_values: Self::all()
                .map(|(name, key)| (name.clone(), enum_value(name, key.0)))
                .collect::<IndexMap<_, _>>(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        })
    }
}

fn enum_value(name: String, network: &network::Network) -> MetaEnumValue {
    MetaEnumValue {
        name,
        description: Some(format!("{}.", network.name)),
        deprecation: Deprecation::NoDeprecated,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        directive_invocations: Vec::new(),
    }
}

impl InputType for NetworkKey {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(Self::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let given = match &value {
            Value::Enum(name) => name.as_str(),
            Value::String(text) => text.as_str(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let found = Self::all().find(|(name, _)| name == given).map(|(_, key)| key);
        found.ok_or_else(|| InputValueError::custom(format!("has no value {given}")))
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.key.to_uppercase()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl OutputType for NetworkKey {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(Self::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Self::register(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(InputType::to_value(self))
    }
}

/// What pixels of a network are for, in the words of consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "network::ConsentClass")]
pub enum ConsentClass {
    /// Advertising.
    Advertising,
    /// Measurement.
    Analytics,
}

/// One of the ids that a pixel of a network has.
#[derive(Debug, Clone, SimpleObject)]
pub struct NetworkIdField {
    /// Its key in `ids` of `createPixel`.
    key: String,
    /// Its name, for people.
    label: String,
    /// The shape that was seen, a regular expression. An id in another shape is refused where the shape is certain, and
    /// else stored with a warning.
    pattern: String,
    /// An id in that shape.
    example: String,
    /// Where to find it, for people.
    help: String,
    /// Whether a pixel works without it.
    optional: bool,
}

/// An ad network that pixels can be made for.
#[derive(Debug, Clone, Copy)]
pub struct Network(&'static network::Network);

/// An ad network that pixels can be made for.
#[Object]
impl Network {
    /// Its key.
    async fn key(&self) -> NetworkKey {
        NetworkKey(self.0)
    }

    /// Its name, for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The ids that a pixel of it has.
    async fn id_fields(&self) -> Vec<NetworkIdField> {
        let field = |id: &network::IdField| NetworkIdField {
            key: id.field.clone(),
            label: id.label.clone(),
            pattern: id.pattern.clone(),
            example: id.example.clone(),
            help: id.help.clone(),
            optional: id.optional,
        };
        self.0.ids.iter().map(field).collect()
    }

    /// Whether the network can also be told by its server-side API.
    async fn server_side(&self) -> bool {
        self.0.server_side
    }

    /// What its pixels are for.
    async fn consent_class(&self) -> ConsentClass {
        self.0.consent_class.into()
    }

    /// Whether it has an image form, with which a visitor goes on at once.
    async fn has_image(&self) -> bool {
        self.0.image.is_some()
    }

    /// Whether it has a script.
    async fn has_script(&self) -> bool {
        self.0.script.is_some()
    }

    /// Whether blockers of trackers list it: expect a part of its hits to be `blocked`.
    async fn often_blocked(&self) -> bool {
        self.0.often_blocked
    }

    /// Whether it runs code that others wrote: it fires only on a domain that belongs to the tenant alone.
    async fn own_domain_only(&self) -> bool {
        self.0.custom_domain_only
    }

    /// Query parameters by which it recognises its own click. They always go on to the destination.
    async fn click_ids(&self) -> &[String] {
        &self.0.click_ids
    }
}

/// Queries of networks.
#[derive(Default)]
pub struct NetworkQuery;

#[Object]
impl NetworkQuery {
    /// All ad networks that pixels can be made for, in the order of their keys. Needs no token.
    async fn networks(&self) -> Vec<Network> {
        catalogue().values().map(Network).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_name_of_its_file_in_upper_case() {
        let key = NetworkKey::parse(Some(Value::Enum(Name::new("GOOGLE_ADS")))).map_err(|_| ()).unwrap();
        assert_eq!(key.0.key, "google_ads");
        assert_eq!(key.to_value(), Value::Enum(Name::new("GOOGLE_ADS")));
        assert!(NetworkKey::parse(Some(Value::from("META"))).is_ok());
        for bad in [Value::from("meta"), Value::from("NOTHING"), Value::from(1), Value::Null] {
            assert!(NetworkKey::parse(Some(bad)).is_err());
        }
    }
}
