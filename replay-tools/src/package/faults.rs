use serde::Serialize;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, by its name in the package.
    pub file: String,
    /// Its line, from 1; `None` when it is about the whole file.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// Everything that does not fit, of which some is told.
#[derive(Debug)]
pub(super) struct Faults {
    count: u64,
    told: Vec<Fault>,
    most: usize,
}

impl Faults {
    pub(super) fn new(most: usize) -> Self {
        Self {
            count: 0,
            told: Vec::new(),
            most,
        }
    }

    pub(super) fn add(&mut self, file: &str, line: Option<u64>, what: impl Into<String>) {
        self.count += 1;
        if self.told.len() < self.most {
            self.told.push(Fault {
                file: file.to_owned(),
                line,
                what: what.into(),
            });
        }
    }

    pub(super) fn end(self) -> (u64, Vec<Fault>) {
        (self.count, self.told)
    }
}
