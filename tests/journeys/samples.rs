//! Definitions for golden events: each says all that its kind can say.

use domain::organisation::{
    AppliesTo, AssignTo, Branch, CannedReply, Category, Channel, Classification, ClassificationRule, Conditions,
    CustomField, FieldOption, FieldType, Finite, Inbox, Label, Macro, MacroStep, RegionMap, RegionRule, Skill,
    SkillKind, StatusLabel, Tag, Team, Template, Thresholds,
};
use domain::ticket::StatusCategory;
use uuid::Uuid;

const BRANCH: Uuid = Uuid::from_u128(0xb);

fn label(ru: &str, en: &str) -> Label {
    Label {
        ru: Some(ru.to_owned()),
        en: Some(en.to_owned()),
    }
}

pub(crate) fn branch() -> Branch {
    Branch {
        name: "Екатеринбург".to_owned(),
        regions: vec!["RU-SVE".to_owned(), "RU-CHE".to_owned()],
        time_zone: "Asia/Yekaterinburg".to_owned(),
        is_default: true,
    }
}

pub(crate) fn team() -> Team {
    Team {
        name: "Вторая линия".to_owned(),
        description: Some("Сложные случаи".to_owned()),
        branch_id: Some(BRANCH),
    }
}

pub(crate) fn skill() -> Skill {
    Skill {
        kind: SkillKind::Language,
        name: "Татарский".to_owned(),
        language: Some("tt-RU".to_owned()),
    }
}

pub(crate) fn inbox() -> Inbox {
    Inbox {
        name: "Сайт".to_owned(),
        channel: Channel::WebWidget,
        branch_id: Some(BRANCH),
        allowed_domains: vec!["*.example.com".to_owned(), "xn--e1afmkfd.xn--p1ai".to_owned()],
        feature_flags: vec!["attachments".to_owned()],
        file_max_bytes: None,
        file_types: Vec::new(),
        active: true,
        auto_reply: None,
        retention: None,
    }
}

pub(crate) fn category() -> Category {
    Category {
        key: "mail.inbound".to_owned(),
        name: label("Входящая почта", "Inbound mail"),
        description: Some("Письма не приходят".to_owned()),
        icon: Some("mail".to_owned()),
        parent_key: Some("mail".to_owned()),
        assign_to: Some(AssignTo::Team(Uuid::from_u128(0x7))),
    }
}

pub(crate) fn tag() -> Tag {
    Tag {
        name: "срочно".to_owned(),
        colour: Some("#ff0000".to_owned()),
    }
}

pub(crate) fn custom_field(field_type: FieldType) -> CustomField {
    CustomField {
        key: "serial_number".to_owned(),
        label: label("Серийный номер", "Serial number"),
        description: Some("На задней стенке".to_owned()),
        applies_to: AppliesTo::Ticket,
        field_type,
        required: true,
    }
}

pub(crate) fn number() -> FieldType {
    FieldType::Number {
        min: Finite::try_new(0.5),
        max: Finite::try_new(100.0),
    }
}

pub(crate) fn choice() -> FieldType {
    let option = FieldOption {
        key: "red".to_owned(),
        label: label("Красный", "Red"),
    };
    FieldType::MultiSelect {
        options: vec![option],
        max_chosen: Some(1),
    }
}

pub(crate) fn canned_reply() -> CannedReply {
    CannedReply {
        key: "password_reset".to_owned(),
        name: label("Смена пароля", "Password reset"),
        body: template("Здравствуйте, {{contact.name}}!", "Hello, {{contact.name}}!"),
        team_id: Some(Uuid::from_u128(0x7)),
    }
}

fn template(ru: &str, en: &str) -> Template {
    Template {
        ru: Some(ru.to_owned()),
        en: Some(en.to_owned()),
    }
}

pub(crate) fn script() -> Macro {
    use domain::values::{HoldReason, Priority, ResolutionReason};
    let body = || template("№{{ticket.number}}", "#{{ticket.number}}");
    Macro {
        key: "close_with_solution".to_owned(),
        name: label("Закрыть с решением", "Close with a solution"),
        steps: vec![
            MacroStep::Reply { body: body() },
            MacroStep::Note { body: body() },
            MacroStep::Take {},
            MacroStep::Team {
                team_id: Uuid::from_u128(0x7),
            },
            MacroStep::Prioritize {
                priority: Priority::High,
            },
            MacroStep::Categorize {
                category_key: "mail".to_owned(),
            },
            MacroStep::Tag {
                tag_id: Uuid::from_u128(0x8),
            },
            MacroStep::Hold {
                reason: HoldReason::Customer,
            },
            MacroStep::Resolve {
                reason: ResolutionReason::Solved,
            },
            MacroStep::Close {
                reason: ResolutionReason::Solved,
            },
        ],
        team_id: Some(Uuid::from_u128(0x7)),
    }
}

pub(crate) fn classification() -> Classification {
    use domain::values::TicketType;
    let rule = ClassificationRule {
        name: label("Деньги", "Money"),
        when: Conditions {
            words: vec!["двойное списание".to_owned()],
            types: vec![TicketType::Incident],
            inbox_ids: vec![Uuid::from_u128(0x9)],
            category_keys: vec!["payment".to_owned()],
            organization_ids: vec![Uuid::from_u128(0xa)],
            languages: vec![],
        },
        category_key: Some("payment".to_owned()),
        points: 20,
    };
    Classification {
        rules: vec![rule],
        thresholds: Thresholds {
            medium: 0,
            high: 20,
            urgent: 50,
        },
    }
}

pub(crate) fn status_label() -> StatusLabel {
    StatusLabel {
        label: label("Ждём поставщика", "Waiting for the supplier"),
        category: StatusCategory::OnHold,
        order: 2,
        is_default: true,
    }
}

pub(crate) fn region_map() -> RegionMap {
    let rule = RegionRule {
        region: "RU-SVE".to_owned(),
        branch_id: BRANCH,
    };
    RegionMap {
        regions: vec![rule],
        default_branch_id: Some(BRANCH),
    }
}

pub(crate) fn view() -> domain::view::Definition {
    domain::view::Definition {
        name: "Срочные команды".to_owned(),
        audience: domain::view::Audience::Team(Uuid::from_u128(0xd)),
        filter: serde_json::json!({"priority": {"gte": "HIGH"}, "inWork": true}),
        order: serde_json::json!([{"field": "PRIORITY", "direction": "DESC"}]),
        columns: vec!["number".to_owned(), "subject".to_owned()],
        icon: Some("fire".to_owned()),
        position: Some(3),
    }
}

fn reason() -> domain::bulk::Reason {
    domain::bulk::Reason {
        code: "TICKET_CLOSED".to_owned(),
        ru: "заявка закрыта".to_owned(),
        en: "the ticket is closed".to_owned(),
    }
}

pub(crate) fn bulk_started() -> domain::bulk::BulkEvent {
    domain::bulk::BulkEvent::Started {
        action: domain::bulk::Step::Tag {
            tag_ids: vec![Uuid::from_u128(0x7a)],
        },
        total: 3,
        asked_by: "agent:00000000-0000-0000-0000-00000000000a".to_owned(),
    }
}

pub(crate) fn bulk_items() -> domain::bulk::BulkEvent {
    use domain::bulk::{Item, ItemOutcome, Step};
    let item = |number, outcome| Item {
        ticket_id: domain::ids::TicketId(Uuid::from_u128(number)),
        outcome,
    };
    let undo = vec![Step::Untag {
        tag_ids: vec![Uuid::from_u128(0x7a)],
    }];
    domain::bulk::BulkEvent::ItemsDone {
        items: vec![
            item(1, ItemOutcome::Done { version: Some(4), undo }),
            item(2, ItemOutcome::Unchanged),
            item(3, ItemOutcome::Refused { reason: reason() }),
        ],
    }
}

pub(crate) fn bulk_undone() -> domain::bulk::BulkEvent {
    let item = |number, left| domain::bulk::UndoneItem {
        ticket_id: domain::ids::TicketId(Uuid::from_u128(number)),
        left,
    };
    domain::bulk::BulkEvent::ItemsUndone {
        items: vec![item(1, None), item(2, Some(reason()))],
    }
}

pub(crate) fn classifier_trained() -> domain::classifier::ClassifierEvent {
    use domain::classifier::{ClassifierEvent, Learnt, Lesson, Model};
    let category = |key: &str, right| Learnt {
        category: key.to_owned(),
        examples: 12,
        tried: 3,
        said: 3,
        right,
    };
    let counts = [("деньг", vec![1, 9]), ("парол", vec![0, 11, 1, 1])];
    let model = Model::new(
        vec![("access".to_owned(), 12), ("payment".to_owned(), 12)],
        counts.map(|(stem, counts)| (stem.to_owned(), counts)).to_vec(),
    );
    let lesson = Lesson {
        until: 4711,
        categories: vec![category("access", 3), category("payment", 2)],
        model: std::sync::Arc::new(model),
    };
    ClassifierEvent::Trained {
        version: 2,
        at: chrono::DateTime::UNIX_EPOCH,
        accuracy: lesson.accuracy(),
        vocabulary: 2,
        lesson,
    }
}
