use crate::{graphql::ticket::Ticket, problem::Language, ticket_problems::status};

/// What happened to a ticket, in words. The ticket is as the event left it.
pub(in crate::graphql) fn summary(event_type: &str, ticket: &Ticket, language: Language) -> String {
    let (russian, english) = words(event_type);
    let text = match language {
        Language::Russian => russian,
        Language::English => english,
    };
    let until = ticket.until().map(|it| it.format("%Y-%m-%d %H:%M UTC").to_string());
    match (event_type, until) {
        ("ticket.opened", _) => format!("{text} {}", ticket.number_for_people()),
        ("ticket.snoozed", Some(until)) => format!("{text}: {until}"),
        ("ticket.labelled", _) if language == Language::Russian => format!("{text}: {}", status(ticket.stands())),
        _ => text.to_owned(),
    }
}

fn words(event_type: &str) -> (&'static str, &'static str) {
    match event_type {
        "ticket.opened" => ("Создана заявка", "Opened as ticket"),
        "ticket.moved" => ("Передана в другое место", "Moved to another place"),
        "ticket.subject_changed" => ("Изменена тема", "Subject changed"),
        "ticket.categorized" => ("Изменена категория", "Category changed"),
        "ticket.prioritized" => ("Изменён приоритет", "Priority changed"),
        "ticket.started" => ("Начата работа", "Work began"),
        "ticket.put_on_hold" => ("Отложена", "Put on hold"),
        "ticket.resumed" => ("Возобновлена", "Resumed"),
        "ticket.resolved" => ("Решена", "Resolved"),
        "ticket.closed" => ("Закрыта", "Closed"),
        "ticket.reopened" => ("Открыта снова", "Reopened"),
        "ticket.type_changed" => ("Изменён тип", "Type changed"),
        "ticket.tagged" => ("Добавлены метки", "Tags added"),
        "ticket.untagged" => ("Сняты метки", "Tags removed"),
        "ticket.custom_field_set" => ("Изменено поле", "Custom field changed"),
        "ticket.followed" => ("Добавлен наблюдатель", "Somebody follows"),
        "ticket.unfollowed" => ("Убран наблюдатель", "Somebody no longer follows"),
        "ticket.linked" => ("Связана с другой заявкой", "Linked with another ticket"),
        "ticket.unlinked" => ("Убрана связь с другой заявкой", "Link with another ticket removed"),
        "ticket.labelled" => ("Выбрано название статуса", "Word for the status chosen"),
        "ticket.snoozed" => ("Скрыта на время", "Snoozed"),
        "ticket.woke_up" => ("Показана снова", "Woken up"),
        "ticket.resolution_confirmed" => ("Клиент подтвердил решение", "The customer confirmed the resolution"),
        "ticket.resolution_rejected" => ("Клиент отклонил решение", "The customer rejected the resolution"),
        "ticket.absorbed" => ("Присоединена другая заявка", "Another ticket was merged into this one"),
        "ticket.separated" => ("Отсоединена другая заявка", "Another ticket was unmerged from this one"),
        "ticket.merged" => ("Объединена с другой заявкой", "Merged into another ticket"),
        "ticket.unmerged" => ("Снова отдельная заявка", "Unmerged"),
        "ticket.split" => ("Часть выделена в новую заявку", "A part became a new ticket"),
        "ticket.split_off" => ("Выделена из другой заявки", "Split off another ticket"),
        "ticket.question_carried" => (
            "Вопрос клиента перенесён при объединении или разделении",
            "A customer's question moved with a merge or a split",
        ),
        "ticket.archived" => ("Убрана в архив", "Archived"),
        "ticket.tracking_link_issued" => ("Выдана ссылка для отслеживания", "Tracking link issued"),
        "ticket.tracking_link_revoked" => ("Отозвана ссылка для отслеживания", "Tracking link revoked"),
        "ticket.resolution_estimated" => ("Рассчитан срок решения", "Time of resolution estimated"),
        "ticket.reply_promised" => ("Обещан срок ответа", "Time of the first answer promised"),
        "assignment.agent_assigned" => ("Назначен исполнитель", "Assigned"),
        "assignment.agent_unassigned" => ("Снят исполнитель", "Unassigned"),
        _ => ("Изменена", "Changed"),
    }
}
