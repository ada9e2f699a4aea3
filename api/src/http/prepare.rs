//! An operation on its way to the executor: found, parsed, measured, allowed and paid for. The same for requests, sockets
//! and streams.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_graphql::{Request, Response, ServerError, Value, Variables, parser::types::OperationType};
use commands::permit;
use domain::access::Permission;

use super::{
    Shared,
    front::Front,
    limits::{Exhausted, Throttle},
    nesting,
    refusal::seconds,
};
use crate::{
    graphql::{
        Call, Caller,
        measure::{Measure, measure, worth},
    },
    problem::Problem,
};

/// Code of a change that came by a method that changes nothing.
pub(super) const BY_POST: &str = "METHOD_NOT_ALLOWED";

/// An operation that may be carried out.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: Request,
    /// `None` when the executor will say what is wrong with it.
    pub(super) kind: Option<OperationType>,
    pub(super) charge: Charge,
}

/// What an operation was charged.
#[derive(Debug)]
pub(super) struct Charge {
    front: Arc<Front>,
    actor: String,
    requested: u32,
    counts: bool,
    /// A stranger's address: their failures are its.
    stranger: Option<IpAddr>,
    /// Tries of a password that count as failures until they turn out to be none, so that many at once are no way round.
    staked: u32,
}

/// Prepares an operation of `caller`.
///
/// # Errors
/// The response to one that is refused.
pub(super) fn prepare(
    shared: &Shared,
    call: &Call,
    caller: &Caller,
    mut request: Request,
) -> Result<Prepared, Box<Response>> {
    let restricted = caller.viewer.restricted_to_safelist();
    let found = shared.front.operations.resolve(&mut request, restricted);
    found.map_err(|problem| Box::new(refused(caller, call, problem)))?;
    prepare_known(shared, call, caller, request)
}

/// Prepares an operation whose document is the program's own, or was found; no list need name it.
///
/// # Errors
/// The response to one that is refused.
pub(super) fn prepare_known(
    shared: &Shared,
    call: &Call,
    caller: &Caller,
    request: Request,
) -> Result<Prepared, Box<Response>> {
    let refuse = |problem| Box::new(refused(caller, call, problem));
    let viewer = &caller.viewer;
    nesting::check(&request).map_err(refuse)?;
    let mut request = shared.documents.parsed(request);
    let measured = measured(&mut request).map_err(refuse)?;
    // Strangers share nothing but the way in.
    let stranger = viewer.is_nobody().then_some(call.address);
    let actor = stranger.map_or_else(|| viewer.actor.to_string(), |it| format!("address:{it}"));
    let Some(measure) = measured else {
        return Ok(Prepared {
            request: admitted(request, call, caller),
            kind: None,
            charge: Charge {
                front: Arc::clone(&shared.front),
                actor,
                requested: 0,
                counts: false,
                stranger,
                staked: 0,
            },
        });
    };
    if measure.kind == OperationType::Mutation && !call.may_change {
        return Err(refuse(only_queries()));
    }
    if measure.kind == OperationType::Subscription && measure.roots.len() > 1 {
        return Err(refuse(one_field_only()));
    }
    if permit(&viewer.rights, Permission::SchemaRead).is_err() {
        if measure.introspects {
            call.deny("__schema", Permission::SchemaRead);
            return Err(refuse(Problem::forbidden(Permission::SchemaRead)));
        }
        request = request.disable_introspection();
    }
    let paid = pay(&shared.front, (stranger, &actor), &measure);
    let staked = paid.map_err(|unpaid| Box::new(unpaid.response(caller, call)))?;
    Ok(Prepared {
        request: admitted(request, call, caller),
        kind: Some(measure.kind),
        charge: Charge {
            front: Arc::clone(&shared.front),
            actor,
            requested: measure.cost,
            counts: true,
            stranger,
            staked,
        },
    })
}

fn admitted(request: Request, call: &Call, caller: &Caller) -> Request {
    request.data(caller.clone()).data(call.clone()).data(call.shown.clone())
}

fn measured(request: &mut Request) -> Result<Option<Measure>, Problem> {
    // Both are needed while the request is asked for its document.
    let name = request.operation_name.take();
    let variables: Variables = std::mem::take(&mut request.variables);
    let measured = match request.parsed_query() {
        Ok(document) => measure(document, name.as_deref(), &variables),
        Err(_told_by_the_executor) => Ok(None),
    };
    request.operation_name = name;
    request.variables = variables;
    measured
}

/// Too little is left for an operation.
struct Unpaid {
    problem: Problem,
    exhausted: Exhausted,
    cost: Option<(u32, Throttle)>,
}

/// Changes that take a password, which others guess.
const PROVEN: [&str; 4] = ["signIn", "changePassword", "enableTwoFactor", "disableTwoFactor"];

/// Takes what an operation costs; how many passwords it tries. One that is refused has tried none.
fn pay(front: &Front, who: (Option<IpAddr>, &str), measure: &Measure) -> Result<u32, Box<Unpaid>> {
    let (stranger, actor) = who;
    let mut staked = 0;
    let paid = pay_all(front, who, measure, &mut staked);
    if paid.is_err() {
        for _ in 0..staked {
            front.limits.forgive(stranger, actor);
        }
    }
    paid.map(|()| staked)
}

fn pay_all(
    front: &Front,
    (stranger, actor): (Option<IpAddr>, &str),
    measure: &Measure,
    staked: &mut u32,
) -> Result<(), Box<Unpaid>> {
    if measure.kind == OperationType::Mutation {
        for field in &measure.roots {
            if PROVEN.contains(&field.as_str()) {
                let stake = front.limits.stake(stranger, actor);
                stake.map_err(Unpaid::guesses)?;
                *staked += 1;
            }
            let paid = front.limits.mutation(actor, field);
            paid.map_err(|exhausted| Unpaid::deeds(exhausted, field))?;
        }
    }
    let paid = front.limits.charge(actor, measure.cost);
    paid.map(drop)
        .map_err(|exhausted| Unpaid::cost(exhausted, front, measure.cost))
}

impl Unpaid {
    fn guesses(exhausted: Exhausted) -> Box<Self> {
        let (russian, english) = (
            "слишком много неверных паролей: подождите",
            "too many wrong passwords: wait",
        );
        Box::new(Self {
            problem: Problem::new("THROTTLED", russian, english),
            exhausted,
            cost: None,
        })
    }

    fn deeds(exhausted: Exhausted, field: &str) -> Box<Self> {
        Box::new(Self {
            problem: Problem::new(
                "THROTTLED",
                format!("слишком много {field} за минуту: подождите"),
                format!("too many {field} in a minute: wait"),
            ),
            exhausted,
            cost: None,
        })
    }

    fn cost(exhausted: Exhausted, front: &Front, cost: u32) -> Box<Self> {
        let left = exhausted.available;
        Box::new(Self {
            problem: Problem::new(
                "THROTTLED",
                format!("запрос стоит {cost}, осталось {left}: подождите"),
                format!("the operation costs {cost}, {left} are left: wait"),
            ),
            exhausted,
            cost: Some((cost, front.limits.throttle(left))),
        })
    }

    fn response(self, caller: &Caller, call: &Call) -> Response {
        let mut response = refused(caller, call, self.problem);
        for error in &mut response.errors {
            let wait = seconds(self.exhausted.retry_after.max(Duration::from_millis(1)));
            error
                .extensions
                .get_or_insert_default()
                .set("retryAfter", Value::from(wait));
        }
        if let Some((requested, throttle)) = self.cost {
            let cost = report(requested, None, Some(throttle));
            response.extensions.insert("cost".to_owned(), cost);
        }
        response
    }
}

fn refused(caller: &Caller, call: &Call, problem: Problem) -> Response {
    let error: ServerError = problem
        .into_error(caller.language)
        .into_server_error(async_graphql::Pos::default());
    let mut response = Response::from_errors(vec![ServerError {
        locations: Vec::new(),
        ..error
    }]);
    named(&mut response, &call.id);
    response
}

fn only_queries() -> Problem {
    Problem::new(
        BY_POST,
        "методом GET изменения не выполняются: используйте POST",
        "by GET no changes are carried out: use POST",
    )
}

/// <https://spec.graphql.org/October2021/#sec-Single-root-field>
pub(super) fn one_field_only() -> Problem {
    Problem::new(
        "BAD_USER_INPUT",
        "подписка наблюдает за одним полем: начните по операции на каждое",
        "a subscription watches one field: begin an operation for each",
    )
}

/// Puts the name of the request into its errors.
pub(super) fn named(response: &mut Response, id: &str) {
    for error in &mut response.errors {
        error.extensions.get_or_insert_default().set("requestId", id);
    }
}

impl Charge {
    /// Gives back what was not used, counts what was guessed, and reports the cost in the response.
    pub(super) fn settle(self, call: &Call, response: &mut Response) {
        for _ in call.failures()..self.staked {
            self.front.limits.forgive(self.stranger, &self.actor);
        }
        if !self.counts {
            return;
        }
        let actual = u32::try_from(worth(&response.data))
            .unwrap_or(u32::MAX)
            .clamp(1, self.requested);
        let throttle = self.front.limits.refund(&self.actor, self.requested - actual);
        let cost = report(self.requested, Some(actual), throttle);
        response.extensions.insert("cost".to_owned(), cost);
    }
}

fn report(requested: u32, actual: Option<u32>, throttle: Option<Throttle>) -> Value {
    let status = throttle.map(|it| {
        async_graphql::value!({
            "maximumAvailable": (it.maximum),
            "currentlyAvailable": (it.available),
            "restoreRate": (it.restored),
        })
    });
    async_graphql::value!({
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": (status.unwrap_or_default()),
    })
}
