//! Markdown as HTML that is safe to show: no script, no style, nothing that is fetched from elsewhere.

use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use comrak::{
    Arena, Options,
    arena_tree::NodeEdge,
    format_html,
    nodes::{AstNode, NodeValue},
    parse_document,
};

/// What is left of HTML; the text of all other tags stays. Images are links, see [`without_images`].
static SAFE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "b",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let mut builder = Builder::empty();
    builder
        .tags(tags.into())
        .clean_content_tags(["script", "style"].into())
        .tag_attributes([("a", ["href", "title"].into()), ("ol", ["start"].into())].into())
        .url_schemes(["http", "https", "mailto", "tel"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer"))
        .strip_comments(true);
    builder
});

/// A message's text as HTML.
pub(super) fn render(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.shortcodes = true;
    // People press Enter where they mean a new line.
    options.render.hardbreaks = true;
    // Tags that somebody wrote are shown as they were written.
    options.render.escape = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    if is_deep(root) {
        return plain(markdown);
    }
    without_images(root);
    let mut html = String::new();
    // Nothing that is written to memory fails.
    if format_html(root, &options, &mut html).is_err() {
        return String::new();
    }
    SAFE.clean(&html).to_string()
}

/// Levels of quotes, lists and the like that are still shown: whoever reads HTML takes the longer for each element the
/// deeper it lies.
const DEEPEST: usize = 100;

fn is_deep<'a>(root: &'a AstNode<'a>) -> bool {
    let mut depth = 0_usize;
    root.traverse().any(|edge| {
        match edge {
            NodeEdge::Start(_) => depth += 1,
            NodeEdge::End(_) => depth = depth.saturating_sub(1),
        }
        depth > DEEPEST
    })
}

/// The text as it was written.
fn plain(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<p>{}</p>\n", text.replace('\n', "<br>\n"))
}

/// An image from elsewhere tells its server who reads, and when: it becomes a link.
fn without_images<'a>(root: &'a AstNode<'a>) {
    for node in root.descendants() {
        let mut data = node.data.borrow_mut();
        if let NodeValue::Image(link) = &data.value {
            data.value = NodeValue::Link(link.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn markdown_emoji_and_links_are_shown() {
        assert_eq!(
            render("**Да** :+1:\nсм. https://example.ru/a?b=1"),
            "<p><strong>Да</strong> 👍<br>\nсм. <a href=\"https://example.ru/a?b=1\" \
             rel=\"nofollow noopener noreferrer\">https://example.ru/a?b=1</a></p>\n"
        );
        assert!(render("| a |\n|---|\n| ~~b~~ |").contains("<td><del>b</del></td>"));
    }

    #[test]
    fn nothing_that_runs_or_is_fetched_is_left() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "![x](https://example.ru/pixel.png)",
            "<a href=\"javascript:alert(1)\" onclick=x>y</a>",
            "<iframe src=//example.ru></iframe>",
            "<style>*{}</style><svg/onload=alert(1)>",
            "```html\n<script>alert(1)</script>\n```",
            "[x](//example.ru) [y](/local)",
            "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>",
        ] {
            let html = render(hostile);
            for bad in [
                "<script",
                "<img",
                "<iframe",
                "<style",
                "<svg",
                "<math",
                "<a href=\"javascript",
                "<a href=\"data",
                "<a href=\"/",
            ] {
                assert!(!html.to_lowercase().contains(bad), "{hostile}: {html}");
            }
        }
        assert!(render("![вид](https://example.ru/a.png)").contains("<a href=\"https://example.ru/a.png\""));
        assert!(render("a < b и <b>").contains("&lt;b&gt;"));
    }

    #[test]
    fn text_that_is_meant_to_take_long_does_not() {
        let long: Vec<(&str, u64)> = [
            ">", "> ", "- ", "* ", "1. ", "[", "![", "*a_", "**a", "<a>", "|a", "`a", "[a](", "~a", ":a", "www.",
            "\n>", "a@", "&",
        ]
        .into_iter()
        .map(|part| {
            let started = std::time::Instant::now();
            render(&part.repeat(100_000 / part.len()));
            (part, started.elapsed().as_secs())
        })
        .filter(|(_, seconds)| *seconds > 10)
        .collect();
        assert!(long.is_empty(), "{long:?}");
    }
}
