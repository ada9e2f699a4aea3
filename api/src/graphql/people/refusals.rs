//! Who was refused, and who was not let in.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::Read;
use projections::people::{self, DenialRow, FailureRow};

use crate::graphql::{
    connection::{Edge, PageArgs, PageInfo, cost},
    cursor::Numbered,
    ids::{self, Kind, LogPosition},
    may_read, parts, postgres, problem,
};

/// A try that was refused for want of a right. The same one of the same actor counts once a minute.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct Denial {
    /// Place of the event in the log.
    position: LogPosition,
    /// Who tried: `kind:id`.
    actor: String,
    /// Field of the API.
    operation: String,
    /// The right that was missing, as `things:deed`.
    permission: String,
    /// When.
    at: DateTime<Utc>,
}

/// What did not fit when somebody tried to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum SignInFault {
    /// There is nobody with that address.
    UnknownUser,
    /// The password.
    WrongPassword,
    /// The code of the second factor.
    WrongCode,
    /// The account cannot be signed in to.
    NotActive,
}

/// A try to sign in that failed.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct SignInFailure {
    /// Place of the event in the log.
    position: LogPosition,
    /// The user, or an id that stands for an address nobody has.
    account: ID,
    /// What did not fit.
    fault: SignInFault,
    /// When.
    at: DateTime<Utc>,
}

macro_rules! pages {
    ($($(#[doc = $doc:literal])* $name:ident of $node:ident;)+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, SimpleObject)]
            pub(super) struct $name {
                /// The tries with their cursors.
                edges: Vec<Edge<$node>>,
                /// The tries alone.
                nodes: Vec<$node>,
                /// Where the page stands.
                page_info: PageInfo,
            }

            impl $name {
                fn of(args: &PageArgs, list: Numbered, rows: Vec<(i64, $node)>) -> Self {
                    let (rows, more) = args.cut(rows);
                    let edge = |(position, node)| Edge { cursor: list.cursor(position), node };
                    let edges: Vec<Edge<$node>> = rows.into_iter().map(edge).collect();
                    Self {
                        page_info: args.info(&edges, more),
                        nodes: edges.iter().map(|it| it.node.clone()).collect(),
                        edges,
                    }
                }
            }
        )+
    };
}

pages! {
    /// A page of refused tries, the newest first.
    DenialConnection of Denial;
    /// A page of failed tries to sign in, the newest first.
    SignInFailureConnection of SignInFailure;
}

/// What can be asked about refusals.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RefusalsQuery;

/// What can be asked about refusals.
#[Object]
impl RefusalsQuery {
    /// Tries that were refused for want of a right, the newest first. Only for auditors.
    #[graphql(complexity = "cost(first, None, child_complexity)")]
    async fn denials(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
    ) -> Result<DenialConnection> {
        let list = Numbered::Denials;
        let (args, before) = page(ctx, list, first, after)?;
        let rows = people::denials(&parts(ctx)?.pool, before, i64::from(args.count) + 1).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        Ok(DenialConnection::of(
            &args,
            list,
            rows.into_iter().map(|it| (it.position, it.into())).collect(),
        ))
    }

    /// Tries to sign in that failed, the newest first. Only for auditors.
    #[graphql(complexity = "cost(first, None, child_complexity)")]
    async fn sign_in_failures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
    ) -> Result<SignInFailureConnection> {
        let list = Numbered::SignInFailures;
        let (args, before) = page(ctx, list, first, after)?;
        let rows = people::sign_in_failures(&parts(ctx)?.pool, before, i64::from(args.count) + 1).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        Ok(SignInFailureConnection::of(
            &args,
            list,
            rows.into_iter().map(|it| (it.position, it.into())).collect(),
        ))
    }
}

/// The page that is asked for, and the position it lies before.
fn page(ctx: &Context<'_>, list: Numbered, first: Option<i32>, after: Option<String>) -> Result<(PageArgs, i64)> {
    may_read(ctx, Read::Refusals)?;
    let args = PageArgs::try_new(first, after, None, None, true).map_err(|it| problem(ctx, it))?;
    let before = args.after.as_deref().map(|it| list.number("after", it)).transpose();
    let before = before.map_err(|it| problem(ctx, it))?;
    Ok((args, before.unwrap_or(i64::MAX)))
}

fn position(column: i64) -> LogPosition {
    LogPosition::from(event_store::Position(column.cast_unsigned()))
}

impl From<DenialRow> for Denial {
    fn from(row: DenialRow) -> Self {
        Self {
            position: position(row.position),
            actor: row.actor,
            operation: row.operation,
            permission: row.permission,
            at: row.at,
        }
    }
}

impl From<FailureRow> for SignInFailure {
    fn from(row: FailureRow) -> Self {
        use domain::sign_in::SignInFault as Fault;
        let faults = [
            (Fault::UnknownUser, SignInFault::UnknownUser),
            (Fault::WrongPassword, SignInFault::WrongPassword),
            (Fault::WrongCode, SignInFault::WrongCode),
            (Fault::NotActive, SignInFault::NotActive),
        ];
        let fault = faults.into_iter().find(|(it, _)| it.as_str() == row.fault);
        Self {
            position: position(row.position),
            account: ids::global(Kind::Agent, row.account),
            fault: fault.map_or(SignInFault::NotActive, |it| it.1),
            at: row.at,
        }
    }
}
