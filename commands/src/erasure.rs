//! Forgetting a person: the event first, then the key.

use domain::{
    actor::Actor,
    data_subject::{DataSubjectCommand, DataSubjectEvent, ForgottenSubject},
    decider::Decider,
    ids::CommandId,
    personal::DataSubject,
};
use event_store::{Envelope, LogError, Scan, vault::DESTROYED};

use crate::{CommandError, Handler, folded::Folded};

/// Events read at a time.
const PAGE: usize = 4096;

impl Handler {
    /// Destroys the key of `subject` for ever; returns its fingerprint. Once more changes nothing.
    ///
    /// # Errors
    /// [`CommandError`]; after a fault the same call finishes what was begun, and so does the next start.
    pub async fn forget(&self, subject: DataSubject, actor: &Actor) -> Result<String, CommandError> {
        let folded = Folded::<ForgottenSubject>::read(&self.log, &self.vault, subject.0).await?;
        let command = DataSubjectCommand::DestroyKey {
            key_fingerprint: self.vault.fingerprint(subject).await?,
        };
        let context = self.context(actor, subject.0);
        let Ok(events) = ForgottenSubject::decide(folded.state.as_ref(), &command, &context);
        if !events.is_empty() {
            self.record_destruction(&folded, actor, events.into_iter().map(|it| (it, context.at)).collect())
                .await?;
        }
        Ok(self.vault.destroy(subject).await?)
    }

    async fn record_destruction(
        &self,
        folded: &Folded<ForgottenSubject>,
        actor: &Actor,
        events: Vec<(DataSubjectEvent, chrono::DateTime<chrono::Utc>)>,
    ) -> Result<(), CommandError> {
        let command_id = CommandId::of_request(&actor.to_string(), "forget", &folded.stream, "");
        let envelope = Envelope {
            command_id,
            correlation_id: command_id.0,
            causation_id: command_id.0,
            actor: actor.clone(),
            from: None,
            request: String::new(),
            traceparent: None,
        };
        let proposal = folded.propose(&self.vault, &envelope, 0, events).await?;
        match self
            .log
            .append(&folded.stream, folded.expected(), &proposal.encoded)
            .await
        {
            // Somebody else has just recorded the same.
            Ok(_) | Err(LogError::Conflict { .. }) => Ok(()),
            Err(error) => Err(CommandError::Log(error)),
        }
    }

    /// Destroys the keys that the log says are destroyed and the vault still has: a crash came in between, or the vault
    /// was restored from a backup.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn finish_erasures(&self) -> Result<(), CommandError> {
        // What the mark has passed is done.
        let after = self.vault.compared_up_to().await?;
        let mut log = Scan::start(&self.log, after, &[DESTROYED]);
        while let Some(page) = log.next(PAGE).await.map_err(CommandError::Log)? {
            let mut subjects = Vec::with_capacity(page.len());
            for raw in &page {
                subjects.push(DataSubject(event_store::decode(raw)?.stream_id));
            }
            self.vault.destroy_all(&subjects).await?;
        }
        Ok(())
    }
}
