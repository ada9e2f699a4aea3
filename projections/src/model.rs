use crate::Projection;

/// A read model: what it is made of, and how.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// The question it answers; names its tables' schemas.
    pub name: &'static str,
    /// Shape and meaning of its tables; one more for each change, which is then filled anew beside the old one.
    pub version: i32,
    /// Prefixes of the stored types of the events it is made of.
    pub types: &'static [&'static str],
    /// SQL that makes its tables, with what is needed to fill them and nothing more; names without schema.
    pub tables: &'static str,
    /// SQL that makes the indexes which only readers need.
    pub indexes: &'static str,
    /// SQL that makes its views in schema `analytics`.
    pub analytics: &'static str,
    /// Makes the half that writes.
    pub make: fn() -> Box<dyn Projection>,
}

impl Model {
    /// Schema of the build that serves.
    pub fn schema(&self) -> String {
        schema(self.name, self.version)
    }

    /// Whether it is made of events of this type.
    pub fn takes(&self, event_type: &str) -> bool {
        self.types.iter().any(|it| event_type.starts_with(it))
    }

    /// Name and version, as workers say what they can keep.
    pub(crate) fn label(&self) -> String {
        format!("{}:{}", self.name, self.version)
    }
}

/// Schema of the build of a version that serves.
pub(crate) fn schema(model: &str, version: i32) -> String {
    format!("read_{model}_v{version}")
}

/// The serving builds of these models, as `search_path` names them.
pub fn search_path(models: &[Model]) -> String {
    let schemas = models.iter().map(Model::schema).chain(["public".to_owned()]);
    schemas.collect::<Vec<_>>().join(",")
}
