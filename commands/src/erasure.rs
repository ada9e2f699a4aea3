//! Forgetting a person: the event first, then the key.

use domain::{
    actor::Actor,
    contact::Contact,
    data_subject::{DataSubjectCommand, DataSubjectRefusal, Forgetting},
    decider::Decider,
    ids::{CommandId, stream_name},
    personal::DataSubject,
    user::{Standing, User},
};
use event_store::{
    Scan,
    vault::{DESTROYED, NO_KEY},
};

use crate::{Command, CommandError, Handler, Outcome, Refusal, Request};

/// Events read at a time.
const PAGE: usize = 4096;

/// The record that is shown, and the others.
fn apart(records: &[DataSubject], otherwise: DataSubject) -> (DataSubject, &[DataSubject]) {
    records
        .split_first()
        .map_or((otherwise, &[]), |(first, others)| (*first, others))
}

/// The same request, of another record of the person.
fn also(request: &Request, record: DataSubject) -> Request {
    Request {
        command_id: CommandId(request.command_id.creates(&record.0.to_string())),
        expected_version: None,
        ..request.clone()
    }
}

impl Handler {
    /// Carries out a wish about a person's data; when their key goes, it is destroyed before this returns.
    pub(crate) async fn about_subject(
        &self,
        subject: DataSubject,
        command: &DataSubjectCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        // What was mistyped must not pass for somebody.
        if self.vault.fingerprint(subject).await? == NO_KEY {
            return Err(Refusal::from(DataSubjectRefusal::Unknown).into());
        }
        let records = self.records(subject).await?;
        match command {
            DataSubjectCommand::DestroyKey { .. } => self.destroy(subject, command, request).await,
            DataSubjectCommand::Certify { .. } => self.plain::<Forgetting>(subject.0, command, request).await,
            DataSubjectCommand::RequestErasure { .. } => {
                let (shown, others) = apart(&records, subject);
                self.check_work(subject).await?;
                for it in others {
                    if let Some(due) = self.forgetting(*it).await?.due {
                        return Err(Refusal::from(DataSubjectRefusal::AlreadyRequested(due)).into());
                    }
                }
                self.check_holds(others).await?;
                self.plain::<Forgetting>(shown.0, command, request).await
            }
            DataSubjectCommand::PlaceHold { .. } => {
                let (shown, _) = apart(&records, subject);
                self.plain::<Forgetting>(shown.0, command, request).await
            }
            DataSubjectCommand::CancelErasure { .. } => {
                let is_asked = |it: &Forgetting| it.due.is_some();
                self.where_it_stands(&records, is_asked, command, request).await
            }
            DataSubjectCommand::LiftHold { hold_id, .. } => {
                let is_held = |it: &Forgetting| it.holds.contains_key(hold_id);
                self.where_it_stands(&records, is_held, command, request).await
            }
        }
    }

    /// Tells it of each record of a person of which it is to be told, or of the first.
    async fn where_it_stands(
        &self,
        records: &[DataSubject],
        stands: impl Fn(&Forgetting) -> bool,
        command: &DataSubjectCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let (shown, others) = apart(records, DataSubject::NOBODY);
        let mut done = None;
        for it in others {
            if stands(&self.forgetting(*it).await?) {
                done = Some(self.plain::<Forgetting>(it.0, command, &also(request, *it)).await?);
            }
        }
        if let Some(done) = done
            && !stands(&self.forgetting(shown).await?)
        {
            return Ok(done);
        }
        let told = self.plain::<Forgetting>(shown.0, command, request).await;
        if matches!(told, Err(CommandError::Refused(_) | CommandError::Conflict { .. })) {
            // Told once more, it may stand nowhere because it was heard the first time.
            for it in others {
                match self.plain::<Forgetting>(it.0, command, &also(request, *it)).await {
                    Err(CommandError::Refused(_)) => {}
                    again => return again,
                }
            }
        }
        told
    }

    /// Nobody who works here is erased meanwhile: at least one must be able to administer.
    async fn check_work(&self, subject: DataSubject) -> Result<(), CommandError> {
        match self.state::<User>(subject.0).await?.map(|it| it.standing) {
            Some(Standing::Active | Standing::Invited) => Err(Refusal::from(DataSubjectRefusal::AtWork).into()),
            Some(Standing::Suspended) | None => Ok(()),
        }
    }

    /// Destroys the keys of a person: of the record that is named, and of those that are shown with it. The named one goes
    /// last, so that what a crash breaks off is begun again.
    async fn destroy(
        &self,
        subject: DataSubject,
        command: &DataSubjectCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        self.check_work(subject).await?;
        let mut others = self.records(subject).await?;
        others.retain(|it| *it != subject);
        let state = self.forgetting(subject).await?;
        Forgetting::decide(Some(&state), command, &self.context(&request.actor, subject.0)).map_err(Refusal::from)?;
        self.check_holds(&others).await?;
        for other in others {
            let request = also(request, other);
            let command = DataSubjectCommand::DestroyKey {
                key_fingerprint: self.vault.fingerprint(other).await?,
                if_due: false,
            };
            self.plain::<Forgetting>(other.0, &command, &request).await?;
            self.vault.destroy(other).await?;
        }
        let done = self.plain::<Forgetting>(subject.0, command, request).await?;
        self.vault.destroy(subject).await?;
        Ok(done)
    }

    /// The records that are shown as one person, the one that is shown first.
    async fn records(&self, subject: DataSubject) -> Result<Vec<DataSubject>, CommandError> {
        let Some(record) = self.state::<Contact>(subject.0).await? else {
            return Ok(vec![subject]);
        };
        let (shown, absorbed) = match record.merged_into {
            Some(into) => (into.0, self.state::<Contact>(into.0).await?.map(|it| it.absorbed)),
            None => (subject.0, Some(record.absorbed)),
        };
        let all = std::iter::once(shown).chain(absorbed.into_iter().flatten().map(|it| it.0));
        Ok(all.map(DataSubject).collect())
    }

    async fn check_holds(&self, subjects: &[DataSubject]) -> Result<(), CommandError> {
        let mut held = 0;
        for it in subjects {
            held += self.forgetting(*it).await?.held(self.now());
        }
        match held {
            0 => Ok(()),
            held => Err(Refusal::from(DataSubjectRefusal::Held(held)).into()),
        }
    }

    /// What is to become of a person's data, as the log has it.
    ///
    /// # Errors
    /// When the log does not answer.
    async fn forgetting(&self, subject: DataSubject) -> Result<Forgetting, CommandError> {
        Ok(self.state::<Forgetting>(subject.0).await?.unwrap_or_default())
    }

    /// Destroys the key of `subject` for ever, with those of the records that are shown with it; returns its fingerprint.
    /// Once more changes nothing.
    ///
    /// # Errors
    /// [`CommandError`]: a legal hold forbids it. After a fault the same call finishes what was begun, and so does the next
    /// start.
    pub async fn forget(&self, subject: DataSubject, actor: &Actor) -> Result<String, CommandError> {
        let fingerprint = self.vault.fingerprint(subject).await?;
        let command = DataSubjectCommand::DestroyKey {
            key_fingerprint: fingerprint.clone(),
            if_due: false,
        };
        let stream = stream_name(Forgetting::CATEGORY, subject.0);
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), "forget", &stream, ""),
            command: Command::DataSubject(subject, command.clone()),
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        match self.destroy(subject, &command, &request).await {
            // An older program told it in other words.
            Err(CommandError::KeyReused) if self.forgetting(subject).await?.destroyed => {
                self.vault.destroy(subject).await?;
            }
            told => {
                told?;
            }
        }
        Ok(fingerprint)
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
