//! What happened, in words, by the stored type of the event: for histories, for the audit, and for tools that show a log.

use domain::organisation::Kind;

/// The same in both languages of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// In Russian.
    pub russian: &'static str,
    /// In English.
    pub english: &'static str,
}

/// What an event of this stored type says; `None` for a type that this program does not know.
pub fn words(event_type: &str) -> Option<Words> {
    let (category, name) = event_type.split_once('.')?;
    let (russian, english) = match category {
        "ticket" => ticket(name),
        "assignment" => assignment(name),
        "conversation" => conversation(name),
        "attachment" => attachment(name),
        "contact" => contact(name),
        "organization" => organization(name),
        "user" => user(name),
        "access" | "api_key" | "visitor_secret" | "session" | "sign_in" | "denial" | "reading" => door(category, name),
        "macro_run" | "bulk" | "view" | "what_if" => help(category, name),
        _ if Kind::parse(category).is_some() => item(name),
        _ => care(event_type),
    }?;
    Some(Words { russian, english })
}

type Both = Option<(&'static str, &'static str)>;

fn ticket(name: &str) -> Both {
    Some(match name {
        "opened" => ("Создана заявка", "Opened as ticket"),
        "moved" => ("Передана в другое место", "Moved to another place"),
        "subject_changed" => ("Изменена тема", "Subject changed"),
        "categorized" => ("Изменена категория", "Category changed"),
        "prioritized" => ("Изменён приоритет", "Priority changed"),
        "started" => ("Начата работа", "Work began"),
        "put_on_hold" => ("Отложена", "Put on hold"),
        "resumed" => ("Возобновлена", "Resumed"),
        "resolved" => ("Решена", "Resolved"),
        "closed" => ("Закрыта", "Closed"),
        "reopened" => ("Открыта снова", "Reopened"),
        "type_changed" => ("Изменён тип", "Type changed"),
        "tagged" => ("Добавлены метки", "Tags added"),
        "untagged" => ("Сняты метки", "Tags removed"),
        "custom_field_set" => ("Изменено поле", "Custom field changed"),
        "followed" => ("Добавлен наблюдатель", "Somebody follows"),
        "unfollowed" => ("Убран наблюдатель", "Somebody no longer follows"),
        "linked" => ("Связана с другой заявкой", "Linked with another ticket"),
        "unlinked" => ("Убрана связь с другой заявкой", "Link with another ticket removed"),
        "labelled" => ("Выбрано название статуса", "Word for the status chosen"),
        "snoozed" => ("Скрыта на время", "Snoozed"),
        "woke_up" => ("Показана снова", "Woken up"),
        "archived" => ("Убрана в архив", "Archived"),
        "tracking_link_issued" => ("Выдана ссылка для отслеживания", "Tracking link issued"),
        "tracking_link_revoked" => ("Отозвана ссылка для отслеживания", "Tracking link revoked"),
        "resolution_estimated" => ("Рассчитан срок решения", "Time of resolution estimated"),
        "reply_promised" => ("Обещан срок ответа", "Time of the first answer promised"),
        _ => return joined(name),
    })
}

/// What happens between tickets, and what their customers say of a resolution.
fn joined(name: &str) -> Both {
    Some(match name {
        "resolution_confirmed" => ("Клиент подтвердил решение", "The customer confirmed the resolution"),
        "resolution_rejected" => ("Клиент отклонил решение", "The customer rejected the resolution"),
        "absorbed" => ("Присоединена другая заявка", "Another ticket was merged into this one"),
        "separated" => ("Отсоединена другая заявка", "Another ticket was unmerged from this one"),
        "merged" => ("Объединена с другой заявкой", "Merged into another ticket"),
        "unmerged" => ("Снова отдельная заявка", "Unmerged"),
        "split" => ("Часть выделена в новую заявку", "A part became a new ticket"),
        "split_off" => ("Выделена из другой заявки", "Split off another ticket"),
        "question_carried" => (
            "Вопрос клиента перенесён при объединении или разделении",
            "A customer's question moved with a merge or a split",
        ),
        _ => return None,
    })
}

fn assignment(name: &str) -> Both {
    Some(match name {
        "agent_assigned" => ("Назначен исполнитель", "Assigned"),
        "agent_unassigned" => ("Снят исполнитель", "Unassigned"),
        _ => return None,
    })
}

fn conversation(name: &str) -> Both {
    Some(match name {
        "started" => ("Начата переписка", "Conversation started"),
        "message_received" => ("Клиент написал", "The customer wrote"),
        "message_posted" => ("Отправлено сообщение или заметка", "Message or note posted"),
        "message_edited" => ("Сообщение исправлено", "Message edited"),
        "message_redacted" => ("Текст сообщения убран", "Message redacted"),
        "messages_delivered_up_to" => ("Сообщения доставлены", "Messages delivered"),
        "messages_read_up_to" => ("Сообщения прочитаны", "Messages read"),
        _ => return None,
    })
}

fn attachment(name: &str) -> Both {
    Some(match name {
        "prepared" => ("Начата загрузка файла", "Upload of a file began"),
        "stored" => ("Файл загружен", "File uploaded"),
        "scanned" => ("Файл проверен на вирусы", "File scanned for viruses"),
        "depicted" => ("Сделан просмотр картинки", "Preview made"),
        "not_depicted" => ("Просмотр картинки не получился", "No preview could be made"),
        "attached" => ("Файл приложен к сообщению", "File attached to a message"),
        "downloaded" => ("Файл скачан", "File downloaded"),
        "discarded" => ("Файл отброшен", "File discarded"),
        "removed" => ("Содержимое файла удалено", "Bytes of a file deleted"),
        _ => return None,
    })
}

fn contact(name: &str) -> Both {
    Some(match name {
        "created" => ("Создан контакт", "Contact created"),
        "identified" => ("Контакт опознан", "Contact identified"),
        "profile_changed" => ("Изменён профиль контакта", "Contact's profile changed"),
        "handle_added" => ("Добавлен адрес контакта", "Contact's address added"),
        "handle_verified" => ("Адрес контакта подтверждён", "Contact's address verified"),
        "handle_removed" => ("Убран адрес контакта", "Contact's address removed"),
        "assigned_to_organization" => ("Контакт отнесён к организации", "Contact put into an organization"),
        "removed_from_organization" => ("Контакт убран из организации", "Contact taken out of an organization"),
        "absorbed" => (
            "К контакту присоединён другой",
            "Another contact was merged into this one",
        ),
        "separated" => (
            "От контакта отсоединён другой",
            "Another contact was unmerged from this one",
        ),
        "merged" => ("Контакт объединён с другим", "Contact merged into another"),
        "unmerged" => ("Контакт снова отдельный", "Contact unmerged"),
        "blocked" => ("Контакт заблокирован", "Contact blocked"),
        "unblocked" => ("Контакт разблокирован", "Contact unblocked"),
        "consent_given" => ("Дано согласие", "Consent given"),
        "consent_withdrawn" => ("Согласие отозвано", "Consent withdrawn"),
        _ => return None,
    })
}

fn organization(name: &str) -> Both {
    Some(match name {
        "created" => ("Создана организация клиентов", "Organization of contacts created"),
        "revised" => ("Изменена организация клиентов", "Organization of contacts changed"),
        "retired" => ("Организация клиентов убрана", "Organization of contacts retired"),
        _ => return None,
    })
}

fn user(name: &str) -> Both {
    Some(match name {
        "invited" => ("Приглашён сотрудник", "User invited"),
        "reinvited" => ("Приглашение выслано снова", "User invited again"),
        "registered" => ("Сотрудник зарегистрировался", "User registered"),
        "activated" => ("Учётная запись начала действовать", "Account activated"),
        "profile_changed" => ("Изменён профиль сотрудника", "User's profile changed"),
        "suspended" => ("Учётная запись приостановлена", "Account suspended"),
        "reinstated" => ("Учётная запись снова действует", "Account reinstated"),
        "password_set" => ("Задан пароль", "Password set"),
        "recovery_requested" => ("Запрошено восстановление доступа", "Recovery requested"),
        "recovery_code_used" => ("Использован код восстановления", "Recovery code used"),
        "two_factor_enabled" => ("Включён второй фактор", "Second factor enabled"),
        "two_factor_disabled" => ("Отключён второй фактор", "Second factor disabled"),
        "account_linked" => ("Привязана внешняя учётная запись", "Account elsewhere linked"),
        _ => return None,
    })
}

/// Who may do what, and who came in.
fn door(category: &str, name: &str) -> Both {
    Some(match (category, name) {
        ("access", "role_revised") => ("Изменена роль", "Role changed"),
        ("access", "role_retired") => ("Роль убрана", "Role retired"),
        ("access", "granted") => ("Выдана роль", "Role granted"),
        ("access", "revoked") => ("Роль отозвана", "Role revoked"),
        ("api_key", "issued") => ("Выдан ключ API", "API key issued"),
        ("api_key", "used") => ("Ключ API использован", "API key used"),
        ("api_key", "revoked") => ("Ключ API отозван", "API key revoked"),
        ("visitor_secret", "issued") => ("Выдан секрет для посетителей", "Secret for visitors issued"),
        ("visitor_secret", "revoked") => ("Секрет для посетителей отозван", "Secret for visitors revoked"),
        ("session", "started") => ("Вход в систему", "Signed in"),
        ("session", "ended") => ("Сеанс окончен", "Session ended"),
        ("sign_in", "failed") => ("Неудачная попытка входа", "Sign-in failed"),
        ("reading", "shown") => ("Показаны личные данные", "Personal data shown"),
        ("reading", "exported") => ("Данные выгружены", "Data exported"),
        ("denial", "denied") => ("Отказано: нет права", "Refused: no right"),
        _ => return None,
    })
}

/// What helps with many tickets, or with the same thing again and again.
fn help(category: &str, name: &str) -> Both {
    Some(match (category, name) {
        ("macro_run", "started") => ("Запущен макрос", "Macro started"),
        ("macro_run", "finished") => ("Макрос выполнен", "Macro finished"),
        ("macro_run", "undone") => ("Макрос отменён", "Macro undone"),
        ("bulk", "started") => ("Начато изменение многих заявок", "Change of many tickets began"),
        ("bulk", "chosen") => ("Выбраны заявки для изменения", "Tickets to change were chosen"),
        ("bulk", "items_done") => ("Изменена часть заявок", "Some of the tickets were changed"),
        ("bulk", "cancelled") => (
            "Изменение многих заявок остановлено",
            "Change of many tickets cancelled",
        ),
        ("bulk", "finished") => ("Изменение многих заявок окончено", "Change of many tickets finished"),
        ("bulk", "undo_started") => ("Начата отмена изменения", "Undo of a change began"),
        ("bulk", "items_undone") => ("Часть заявок возвращена", "Some of the tickets were put back"),
        ("bulk", "undo_finished") => ("Отмена изменения окончена", "Undo of a change finished"),
        ("what_if", "started") => ("Начата проверка других правил", "Trial of other rules began"),
        ("what_if", "progressed") => ("Проверка других правил идёт", "Trial of other rules goes on"),
        ("what_if", "finished") => ("Проверка других правил окончена", "Trial of other rules finished"),
        ("what_if", "failed") => ("Проверка других правил не удалась", "Trial of other rules failed"),
        ("what_if", "cancelled") => ("Проверка других правил остановлена", "Trial of other rules cancelled"),
        ("view", "created") => ("Сохранён вид", "View saved"),
        ("view", "revised") => ("Вид изменён", "View changed"),
        ("view", "retired") => ("Вид убран", "View retired"),
        ("view", "restored") => ("Вид возвращён", "View restored"),
        _ => return None,
    })
}

/// Configuration of every kind.
fn item(name: &str) -> Both {
    Some(match name {
        "created" => ("Добавлено в настройки", "Added to the configuration"),
        "revised" => ("Изменено в настройках", "Changed in the configuration"),
        "retired" => ("Убрано из настроек", "Retired from the configuration"),
        "restored" => ("Возвращено в настройки", "Restored to the configuration"),
        _ => return None,
    })
}

/// What Letopis does for itself.
fn care(event_type: &str) -> Both {
    Some(match event_type {
        "ticket_numbers.reserved" => ("Зарезервированы номера заявок", "Ticket numbers reserved"),
        "claim.taken" => ("Значение занято", "Value taken"),
        "claim.released" => ("Значение освобождено", "Value released"),
        "log_seal.sealed" => ("Журнал запечатан", "Log sealed"),
        "subject.erasure_requested" => ("Запрошено удаление личных данных", "Erasure of personal data requested"),
        "subject.erasure_cancelled" => ("Удаление личных данных отменено", "Erasure of personal data cancelled"),
        "subject.legal_hold_placed" => ("Удаление данных запрещено", "Legal hold placed"),
        "subject.legal_hold_lifted" => ("Запрет удаления данных снят", "Legal hold lifted"),
        "subject.erasure_verified" => ("Проверено, что данных не осталось", "Erasure verified"),
        "subject.key_destroyed" => ("Ключ к данным лица уничтожен", "Key to a person's data destroyed"),
        "read_model.event_skipped" => ("Событие пропущено в таблицах", "Event skipped in the tables"),
        "read_model.parked_retried" => ("Отложенные события применены снова", "Parked events retried"),
        "classifier.trained" => ("Обучен классификатор", "Classifier trained"),
        "classifier.activated" => ("Классификатор включён", "Classifier activated"),
        "classifier.deactivated" => ("Классификатор отключён", "Classifier deactivated"),
        _ => return None,
    })
}
