//! Texts of what can be wrong with messages.

use domain::conversation::ConversationRefusal;

use crate::problem::Problem;

/// A broken rule of conversations.
pub(crate) fn conversation(refusal: ConversationRefusal) -> Problem {
    let english = refusal.to_string();
    let (code, russian, field) = match refusal {
        ConversationRefusal::MessageNotFound => ("NOT_FOUND", "такого сообщения в этой заявке нет", "messageId"),
        ConversationRefusal::TicketClosed => ("TICKET_CLOSED", "заявка закрыта: сначала откройте её снова", "ticketId"),
        ConversationRefusal::ClientMessageIdReused => (
            "CLIENT_MESSAGE_ID_REUSED",
            "этот clientMessageId уже у другого сообщения: выберите новый",
            "clientMessageId",
        ),
        ConversationRefusal::NotYours => (
            "NOT_YOURS",
            "это сообщение написал кто-то другой: изменить его может только автор",
            "messageId",
        ),
        ConversationRefusal::EditWindowOver => (
            "EDIT_WINDOW_OVER",
            "сообщение больше нельзя изменить: на это есть 15 минут",
            "messageId",
        ),
        ConversationRefusal::Redacted => ("REDACTED", "текст сообщения скрыт", "messageId"),
        ConversationRefusal::AnswersNote => (
            "ANSWERS_NOTE",
            "сообщение клиенту не может отвечать на внутреннюю заметку",
            "inReplyTo",
        ),
        ConversationRefusal::MentionUnknown => ("MENTION_UNKNOWN", "упомянутого сотрудника нет", "mentions"),
        ConversationRefusal::Blocked => ("BLOCKED", "сообщения этого клиента больше не принимаются", "ticketId"),
        ConversationRefusal::SentInFuture => (
            "SENT_IN_FUTURE",
            "сообщение написано в будущем: укажите более ранний момент или не указывайте",
            "sentAt",
        ),
    };
    Problem::new(code, russian, english).about(field)
}
