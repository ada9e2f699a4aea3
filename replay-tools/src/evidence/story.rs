//! The ticket's events in words, Russian and English: an aid to reading; what counts are the stored bytes.

use domain::metadata::Metadata;
use projections::words;
use uuid::Uuid;

use super::Exhibit;

pub(super) fn tell(id: Uuid, exhibits: &[Exhibit<'_>]) -> String {
    let head = format!(
        "# {id}\n\nСобытия заявки по порядку журнала; время — UTC, кто — вид и идентификатор.\nПерсональные данные могут \
         быть записаны зашифрованными.\n\nThe ticket's events in the order of the log; times are UTC, actors are kind and \
         id.\nPersonal data may be stored encrypted.\n"
    );
    let told = (1..).zip(exhibits).map(|(number, exhibit)| event(number, exhibit));
    std::iter::once(head).chain(told).collect()
}

fn event(number: usize, exhibit: &Exhibit<'_>) -> String {
    let leaf = &exhibit.leaf;
    let known = serde_json::from_slice::<Metadata>(leaf.metadata).ok();
    let (at, actor) = known.map_or_else(
        || ("?".to_owned(), "?".to_owned()),
        |it| (it.at.to_rfc3339(), it.actor.to_string()),
    );
    let words = words(leaf.event_type);
    let (russian, english) = words.map_or((leaf.event_type, leaf.event_type), |it| (it.russian, it.english));
    let sealed = if exhibit.proof.is_some() {
        "запечатано / sealed"
    } else {
        "ещё не запечатано / not yet sealed"
    };
    let payload = String::from_utf8_lossy(leaf.payload);
    format!(
        "\n## {number:04} · {at}\n\n{russian} · {english}\n\n* {actor}\n* position {}, revision {} of {}\n* {sealed}\n\n    \
         {payload}\n",
        leaf.position, leaf.revision, leaf.stream
    )
}
