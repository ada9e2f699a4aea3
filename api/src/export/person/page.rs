//! `index.html`: the same for people. Nothing in it runs, nothing is fetched, and whatever anybody wrote is text.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use chrono::SecondsFormat;
use projections::person_data::Section;
use serde_json::Value;

use super::sheet::Head;
use crate::problem::Language;

/// Even if something got through the escaping, a browser would neither run nor fetch it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
/// Each text keeps its direction to itself.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%;margin:0 0 1rem}\
    th,td{border:1px solid #ccc;padding:.25rem .5rem;text-align:start;vertical-align:top}\
    th{width:14rem;font-weight:600}td{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate}";

/// What fields are called; those that are not here show by their name in `person.json`.
const LABELS: &[(&str, &str, &str)] = &[
    ("activity", "Действие", "Activity"),
    ("actor", "Кто", "Who"),
    ("addedAt", "Добавлено", "Added"),
    ("address", "Сетевой адрес", "Internet address"),
    ("announcedAt", "Объявлен", "Announced"),
    ("arrivedAt", "Получено", "Arrived"),
    ("author", "Автор", "Author"),
    ("body", "Текст", "Text"),
    ("channel", "Канал", "Channel"),
    ("client", "Программа", "Program"),
    ("closedAt", "Закрыта", "Closed"),
    ("consents", "Согласия", "Consents"),
    ("contentType", "Тип", "Type"),
    ("createdAt", "Создано", "Created"),
    ("due", "Срок стирания", "Erasure is due"),
    ("email", "Почта", "E-mail"),
    ("endedAt", "Конец", "Ended"),
    ("erased", "Стёрто", "Erased"),
    ("erasedAt", "Стёрто", "Erased at"),
    ("fields", "Поля", "Fields"),
    ("holds", "Запреты на стирание", "Legal holds"),
    ("kind", "Вид", "Kind"),
    ("leftOut", "Почему файла нет", "Why the file is not here"),
    ("locale", "Язык", "Language"),
    ("name", "Имя", "Name"),
    ("note", "Заметка о человеке", "Note about the person"),
    ("number", "Номер", "Number"),
    ("operations", "Чем", "By what"),
    ("openedAt", "Открыта", "Opened"),
    ("path", "Файл", "File"),
    ("priority", "Приоритет", "Priority"),
    ("reader", "Кто", "Who"),
    ("requestedAt", "Запрошено", "Requested"),
    ("resolvedAt", "Решена", "Resolved"),
    ("role", "Роль", "Role"),
    ("sentAt", "Отправлено", "Sent"),
    ("size", "Размер, байт", "Size, bytes"),
    ("startedAt", "Начало", "Started"),
    ("status", "Состояние", "Status"),
    ("subject", "Тема", "Subject"),
    ("timeZone", "Часовой пояс", "Time zone"),
    ("type", "Что", "What"),
    ("updatedAt", "Изменено", "Changed"),
    ("value", "Значение", "Value"),
    ("verified", "Подтверждено", "Verified"),
];

pub(super) struct Page {
    language: Language,
    /// Rows of the section at hand; `None` before the first.
    rows: Option<u64>,
}

impl Page {
    pub(super) fn new(language: Language) -> Self {
        Self { language, rows: None }
    }

    fn say(&self, russian: &'static str, english: &'static str) -> &'static str {
        match self.language {
            Language::Russian => russian,
            Language::English => english,
        }
    }

    pub(super) fn head(&self, head: &Head, to: &mut impl Write) -> io::Result<()> {
        let title = self.say("Данные человека", "A person's data");
        let language = self.say("ru", "en");
        write!(
            to,
            "<!doctype html>\n<html lang=\"{language}\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
             <body><h1>{title}</h1>\n<p>{} <code>{}</code>, {}.</p>\n",
            self.say("Всё, что хранится о человеке", "Everything that is kept of the person"),
            head.id,
            head.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        )?;
        if head.erased {
            let erased = self.say(
                "Данные этого человека стёрты: ниже то, что осталось.",
                "This person's data was erased: below is what remains.",
            );
            writeln!(to, "<p><strong>{erased}</strong></p>")?;
        }
        if head.notes > 0 {
            let notes = self.say(
                "Внутренние заметки сотрудников сюда не входят; их",
                "Internal notes of the team are not included; there are",
            );
            writeln!(to, "<p>{notes}: {}.</p>", head.notes)?;
        }
        Ok(())
    }

    pub(super) fn section(&mut self, section: &Section, to: &mut impl Write) -> io::Result<()> {
        self.close(to)?;
        self.rows = Some(0);
        writeln!(to, "<h2>{}</h2>", escaped(self.say(section.russian, section.english)))
    }

    fn close(&self, to: &mut impl Write) -> io::Result<()> {
        match self.rows {
            Some(0) => writeln!(to, "<p>{}</p>", self.say("Ничего.", "Nothing.")),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn row(&mut self, row: &Value, to: &mut impl Write) -> io::Result<()> {
        self.rows = self.rows.map(|it| it + 1);
        to.write_all(b"<table>")?;
        for (name, value) in row.as_object().into_iter().flatten() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => Cow::Borrowed(text.as_str()),
                Value::Array(items) if items.is_empty() => continue,
                Value::Object(fields) if fields.is_empty() => continue,
                Value::Bool(true) => Cow::Borrowed(self.say("да", "yes")),
                Value::Bool(false) => Cow::Borrowed(self.say("нет", "no")),
                Value::Number(_) | Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
            };
            let label = LABELS.iter().find(|it| it.0 == name);
            let label = label.map_or(name.as_str(), |it| self.say(it.1, it.2));
            write!(
                to,
                "<tr><th>{}</th><td><bdi>{}</bdi></td></tr>",
                escaped(label),
                escaped(&text)
            )?;
        }
        to.write_all(b"</table>\n")
    }

    pub(super) fn end(self, to: &mut impl Write) -> io::Result<()> {
        self.close(to)?;
        to.write_all(b"</body></html>\n")
    }
}

/// Text in which nothing is markup. Marks that override the direction of writing are shown by their number: one that is
/// not closed would turn what stands behind it.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            it if super::is_direction(it) => {
                let code = format!("[U+{:04X}]", u32::from(it));
                safe.push_str(&code);
            }
            // Browsers make nothing of these but confusion.
            it if it.is_control() && it != '\n' && it != '\t' => safe.push('\u{fffd}'),
            it => safe.push(it),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_somebody_wrote_is_markup() {
        assert_eq!(
            escaped("<script>alert('x & \"y\"')</script>"),
            "&lt;script&gt;alert(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;"
        );
        assert_eq!(escaped("a\u{202e}b\u{0}c\n"), "a[U+202E]b\u{fffd}c\n");
    }
}
