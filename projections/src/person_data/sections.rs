//! What is given of a person, table by table. `$1` are their ids, `$2` their tickets, `$3` what the log calls them.

/// A part of what is kept of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its name in `person.json`.
    pub name: &'static str,
    /// For people.
    pub russian: &'static str,
    /// For people.
    pub english: &'static str,
    pub(super) sql: &'static str,
}

/// Each statement names all three parameters, so that one call asks any of them.
macro_rules! sections {
    ($($name:literal, $russian:literal, $english:literal: $sql:literal;)+) => {
        &[$(Section {
            name: $name,
            russian: $russian,
            english: $english,
            sql: concat!(
                "SELECT to_jsonb(it) FROM (", $sql,
                ") AS it WHERE ($1::uuid[], $2::uuid[], $3::text[]) IS NOT NULL"
            ),
        }),+]
    };
}

/// Name of the section whose files are given too.
pub const ATTACHMENTS: &str = "attachments";

/// All of them, in the order in which they are read.
pub const SECTIONS: &[Section] = sections! {
    "contacts", "Профиль", "Profile": r#"
        SELECT contact_id AS id, kind, name, locale, time_zone AS "timeZone", note, organization_id AS "organizationId",
            merged_into AS "mergedInto", blocked_at AS "blockedAt", block_reason AS "blockReason", consents,
            created_at AS "createdAt", updated_at AS "updatedAt", erased
        FROM contact_card WHERE contact_id = ANY($1) ORDER BY merged_into NULLS FIRST, created_at"#;
    "handles", "Адреса и телефоны", "Addresses and numbers": r#"
        SELECT handle_id AS id, contact_id AS "contactId", channel, COALESCE(written, value) AS value, verified,
            added_at AS "addedAt"
        FROM contact_handle WHERE contact_id = ANY($1) ORDER BY added_at, handle_id"#;
    "consents", "Согласия: когда даны и отозваны", "Consents: when given and withdrawn": r#"
        SELECT at, event_type AS type, actor, changes
        FROM audit_entry WHERE object_kind = 'contact' AND object_id = ANY($1)
            AND event_type IN ('contact.consent_given', 'contact.consent_withdrawn') AND position IN (
                SELECT position FROM audit_about WHERE about_id = ANY($1)) ORDER BY position"#;
    "organizations", "Организации", "Organizations": r#"
        SELECT organization_id AS id, name FROM organization WHERE organization_id IN (
            SELECT organization_id FROM contact_card WHERE contact_id = ANY($1)) ORDER BY name_key"#;
    "accounts", "Учётная запись сотрудника", "Account of a colleague": r#"
        SELECT user_id AS id, standing, email, name, locale, two_factor AS "twoFactor",
            suspended_reason AS "suspendedReason", created_at AS "createdAt", updated_at AS "updatedAt"
        FROM user_account WHERE user_id = ANY($1)"#;
    "roles", "Роли", "Roles": r#"
        SELECT role, scope_kind AS "scopeKind", scope_id AS "scopeId", granted_at AS "grantedAt", granted_by AS "grantedBy"
        FROM access_grant WHERE user_id = ANY($1) ORDER BY granted_at"#;
    "sessions", "Сеансы", "Sessions": r#"
        SELECT session_id AS id, method, client, started_at AS "startedAt", ended_at AS "endedAt", end_reason AS "endReason"
        FROM user_session WHERE user_id = ANY($1) ORDER BY started_at"#;
    "signInFailures", "Неудачные попытки входа", "Failed attempts to sign in": r#"
        SELECT at, fault FROM sign_in_failure WHERE account = ANY($1) ORDER BY position"#;
    "tickets", "Заявки", "Tickets": r#"
        SELECT ticket_id AS id, number, ticket_type AS type, subject, status, priority, category_id AS "categoryId",
            subcategory_id AS "subcategoryId", channel, external_id AS "externalId", fields, tag_ids AS "tagIds",
            hold_reason AS "holdReason", resolution_reason AS "resolutionReason", resolution_note AS "resolutionNote",
            reopen_count AS "reopenCount", verdict, merged_into AS "mergedInto", split_from AS "splitFrom",
            opened_at AS "openedAt", updated_at AS "updatedAt", resolved_at AS "resolvedAt", closed_at AS "closedAt"
        FROM ticket_list WHERE ticket_id = ANY($2) ORDER BY number"#;
    "ticketHistory", "История заявок", "History of the tickets": r#"
        SELECT ticket_id AS "ticketId", version, at, event_type AS type, actor, subject, status, priority, fields
        FROM ticket_history WHERE ticket_id = ANY($2) ORDER BY ticket_id, version"#;
    "messages", "Переписка", "Messages": r#"
        SELECT message_id AS id, ticket_id AS "ticketId", seq, author, sort, body, via, arrived_at AS "arrivedAt",
            sent_at AS "sentAt", edited_at AS "editedAt", redacted_at AS "redactedAt", attachments
        FROM message WHERE data_subject = ANY($1 || $2) AND sort <> 'note' ORDER BY position"#;
    "attachments", "Файлы", "Files": r#"
        SELECT attachment_id AS id, ticket_id AS "ticketId", message_id AS "messageId", name, size,
            content_type AS "contentType", sha256, scan, announced_at AS "announcedAt", stored_at AS "storedAt",
            discarded_at AS "discardedAt", forgotten AS erased
        FROM attachment WHERE data_subject = ANY($1 || $2) AND NOT internal ORDER BY announced_at, attachment_id"#;
    "accessLog", "Кто смотрел эти данные", "Who looked at these data": r#"
        SELECT it.at, it.actor, it.event_type AS type,
            (SELECT of -> 'after' FROM jsonb_array_elements(it.changes) AS of
                WHERE of ->> 'field' IN ('operations', 'operation') LIMIT 1) AS operations
        FROM audit_entry AS it WHERE it.position IN (SELECT position FROM audit_about WHERE about_id = ANY($1 || $2))
            AND it.event_type IN ('reading.shown', 'reading.exported', 'attachment.downloaded')
        ORDER BY it.position"#;
    "downloads", "Кто открывал файлы", "Who opened the files": r#"
        SELECT at, attachment_id AS "attachmentId", reader FROM attachment_download
        WHERE data_subject = ANY($1 || $2) ORDER BY position"#;
    "activity", "Что этот человек делал", "What this person did": r#"
        SELECT at, event_type AS type, object_kind AS "objectType", object_id AS "objectId",
            CASE WHEN address_of = ANY($1) THEN address END AS address
        FROM audit_entry WHERE actor = ANY($3) ORDER BY at, position"#;
    "privacy", "Запросы на стирание и запреты", "Requests for erasure and holds": r#"
        SELECT person_id AS id, ground, note, requested_at AS "requestedAt", requested_by AS "requestedBy", due,
            cancelled_at AS "cancelledAt", holds, erased_at AS "erasedAt", erased_by AS "erasedBy",
            key_fingerprint AS "keyFingerprint", verified_at AS "verifiedAt", cleared
        FROM person_privacy WHERE person_id = ANY($1)"#;
};
