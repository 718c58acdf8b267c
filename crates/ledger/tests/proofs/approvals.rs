//! No step without its approvals.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use artifact::Timestamp;
use ledger::{
    ApprovalGiven, ApprovalPolicy, Approved, Envelope, Identity, Kind, Line, Missing, PolicyError,
    Requirements, Role, Signer as _, Statement, Step, Subject, Transition, TrustedKeys, Uncounted,
    decide,
};

use crate::scene::{
    Numbers, WORK, approval, at, evidence, key, manifest, one_of_each, plan, scaled, sealed,
    subject, transition, trusted, word,
};

/// People, by the number of their key; the first made what is approved.
const PEOPLE: [(u8, &str); 8] = [
    (1, "ada"),
    (2, "lead"),
    (3, "owner"),
    (4, "security"),
    (5, "quality"),
    (6, "business"),
    (7, "release"),
    (8, "deputy"),
];

/// A step, and how many people it asks for in which roles.
type Rule = (&'static str, &'static str, &'static [(&'static str, u32)]);

/// The steps of the data line, with the roles that each of them takes.
const STEPS: [Rule; 5] = [
    ("PROPOSED", "PLANNED", &[("tech_lead", 1)]),
    ("PLANNED", "EXECUTED", &[("data_owner", 1), ("security", 1)]),
    ("EXECUTED", "PARALLEL_VALIDATED", &[("qa_lead", 1)]),
    ("PARALLEL_VALIDATED", "CUTOVER_READY", &[("business_owner", 1)]),
    ("CUTOVER_READY", "CUTOVER_DONE", &[("data_owner", 1), ("release_manager", 1)]),
];

/// Who holds what. The author holds every role, and the deputy several.
const HOLDERS: [(&str, &[&str]); 6] = [
    ("tech_lead", &["ada", "lead", "deputy"]),
    ("data_owner", &["ada", "owner", "deputy"]),
    ("security", &["ada", "security", "deputy"]),
    ("qa_lead", &["ada", "quality"]),
    ("business_owner", &["ada", "business"]),
    ("release_manager", &["ada", "release"]),
];

fn people() -> TrustedKeys {
    let mut keys = TrustedKeys::new();
    for (number, owner) in PEOPLE {
        let kinds = [Kind::Manifest, Kind::Plan, Kind::Approval, Kind::Evidence];
        keys.trust(trusted(number, owner, &kinds)).expect("the key is new");
    }
    keys
}

fn requirements(roles: &[(&str, u32)]) -> Requirements {
    let wanted = |count: &u32| NonZeroU32::new(*count).expect("not zero");
    roles.iter().map(|(role, count)| (word(role), wanted(count))).collect()
}

fn policy_of(steps: &[Rule]) -> Result<ApprovalPolicy, PolicyError> {
    let roles = HOLDERS.iter().map(|(role, who)| {
        (word::<Role>(role), who.iter().map(|name| word(name)).collect::<BTreeSet<Identity>>())
    });
    let rules = steps.iter().map(|(from, to, roles)| (transition(from, to), requirements(roles)));
    ApprovalPolicy::new(roles.collect(), rules.collect())
}

fn policy() -> ApprovalPolicy {
    policy_of(&STEPS).expect("it can be satisfied")
}

fn number_of(name: &str) -> u8 {
    PEOPLE.iter().find(|(_, other)| *other == name).expect("somebody of the tests").0
}

/// This person's approval of the first step, changed by the test.
fn given(name: &str, role: &str, change: impl FnOnce(&mut ApprovalGiven)) -> Envelope {
    let mut approval = approval();
    (approval.approver, approval.role) = (word(name), word(role));
    change(&mut approval);
    sealed(approval, &[number_of(name)])
}

fn scope() -> Line {
    word("project-1")
}

/// Decides about a step with [`WORK`] that Ada made.
fn decided(
    policy: &ApprovalPolicy,
    transition: &Transition,
    statements: &[Envelope],
) -> Result<Approved, Missing> {
    let (made, scope) = (sealed(plan(), &[1]), scope());
    let step = Step { bytes: WORK, made: &made, scope: &scope, transition };
    decide(policy, &step, statements, &people(), at(100))
}

fn why(statement: Envelope) -> Uncounted {
    let first = transition("PROPOSED", "PLANNED");
    match decided(&policy(), &first, std::slice::from_ref(&statement)) {
        Err(Missing::Approvals { mut refused, .. }) => {
            refused.remove(&statement.digest()).expect("there is a reason")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_approval_counts_only_for_what_it_says() {
    let good = |change: fn(&mut ApprovalGiven)| given("lead", "tech_lead", change);
    let first = transition("PROPOSED", "PLANNED");
    let approved = decided(&policy(), &first, &[good(|_| {})]).expect("the lead approves");
    let expected = BTreeMap::from([(word("lead"), word("tech_lead"))]);
    assert_eq!(approved.approvers(), &expected);

    assert_eq!(
        why(good(|it| it.transition = transition("PLANNED", "EXECUTED"))),
        Uncounted::OtherTransition(transition("PLANNED", "EXECUTED"))
    );
    assert_eq!(
        why(good(|it| it.scope = word("project-2"))),
        Uncounted::OtherScope(word("project-2"))
    );
    assert_eq!(why(good(|it| it.expires = at(100))), Uncounted::Expired(at(100)));
    assert_eq!(why(good(|it| it.given_at = at(101))), Uncounted::NotYet(at(101)));
    assert_eq!(why(good(|it| it.role = word("security"))), Uncounted::NotAsked(word("security")));
    assert_eq!(
        why(good(|it| it.approver = word("deputy"))),
        Uncounted::OtherSigner(word("deputy"))
    );
    assert_eq!(
        why(given("quality", "tech_lead", |_| {})),
        Uncounted::NotHeld { approver: word("quality"), role: word("tech_lead") }
    );
    assert!(matches!(why(good(|it| it.namespace = word("other"))), Uncounted::Open(_)));
    assert!(matches!(why(sealed(approval(), &[99])), Uncounted::Open(_)));
    // What else is signed is no approval.
    for (kind, envelope) in one_of_each(&[2]) {
        if kind != Kind::Approval {
            assert!(matches!(why(envelope), Uncounted::Open(_)), "{kind}");
        }
    }
    for subjects in [
        vec![Subject::of(word("manifest.yaml"), b"operations: [] \n")],
        vec![subject(), Subject::of(word("other"), b"other")],
    ] {
        let ApprovalGiven { namespace, .. } = approval();
        let it = ApprovalGiven { approver: word("lead"), namespace, ..approval() };
        let statement = Statement::new(subjects, it).expect("it has subjects");
        let envelope = Envelope::sign(&statement, &key(2)).expect("memory signs");
        assert_eq!(why(envelope), Uncounted::OtherSubject);
    }
}

#[test]
fn nobody_approves_his_own_work() {
    assert_eq!(why(given("ada", "tech_lead", |_| {})), Uncounted::OwnWork(word("ada")));
    let first = transition("PROPOSED", "PLANNED");
    let scope = scope();
    let decide_with = |made: &Envelope, keys: &TrustedKeys, statement: Envelope| {
        let step = Step { bytes: WORK, made, scope: &scope, transition: &first };
        decide(&policy(), &step, &[statement], keys, at(100))
    };
    // Not with another key of his.
    let mut keys = people();
    keys.trust(trusted(20, "ada", &[Kind::Approval])).expect("the key is new");
    let statement = sealed(approval(), &[20]);
    assert!(decide_with(&sealed(plan(), &[1]), &keys, statement).is_err());
    // Not if he only signed what he says that another made, nor if he is only named.
    let mut named = plan();
    named.author = word("lead");
    let statement = || given("lead", "tech_lead", |_| {});
    assert!(decide_with(&sealed(plan(), &[2]), &people(), statement()).is_err());
    assert!(decide_with(&sealed(named, &[1]), &people(), statement()).is_err());
    assert!(decide_with(&sealed(plan(), &[1, 2]), &people(), statement()).is_err());
    // Not if his key is no more trusted with making anything.
    let mut keys = TrustedKeys::new();
    keys.trust(trusted(1, "ada", &[Kind::Plan])).expect("the key is new");
    keys.trust(trusted(2, "lead", &[Kind::Approval])).expect("the key is new");
    assert!(decide_with(&sealed(plan(), &[1, 2]), &keys, statement()).is_err());
    assert!(decide_with(&sealed(plan(), &[1]), &keys, statement()).is_ok());
}

#[test]
fn every_changed_bit_of_the_work_voids_its_approvals() {
    let (made, scope, first) = (sealed(plan(), &[1]), scope(), transition("PROPOSED", "PLANNED"));
    let statements = [given("lead", "tech_lead", |_| {})];
    let decision = |bytes: &[u8]| {
        let step = Step { bytes, made: &made, scope: &scope, transition: &first };
        decide(&policy(), &step, &statements, &people(), at(100)).map(drop)
    };
    assert_eq!(decision(WORK), Ok(()));
    let mut changed = WORK.to_vec();
    for position in 0..WORK.len() {
        for bit in 0..8 {
            changed[position] ^= 1 << bit;
            assert_eq!(decision(&changed), Err(Missing::OtherBytes));
            changed[position] ^= 1 << bit;
        }
        assert_eq!(decision(&WORK[..position]), Err(Missing::OtherBytes));
    }
    // Signed anew by its author, it needs its approvals anew.
    let other = b"operations: [x]\n";
    let statement = Statement::new(vec![Subject::of(word("x"), other)], plan()).expect("fine");
    let made = Envelope::sign(&statement, &key(1)).expect("memory signs");
    let step = Step { bytes: other, made: &made, scope: &scope, transition: &first };
    let missing = decide(&policy(), &step, &statements, &people(), at(100));
    assert!(matches!(missing, Err(Missing::Approvals { .. })), "{missing:?}");
}

#[test]
fn a_step_is_taken_only_with_what_somebody_trusted_made() {
    let (scope, first) = (scope(), transition("PROPOSED", "PLANNED"));
    let statements = [given("lead", "tech_lead", |_| {})];
    let decision = |made: &Envelope| {
        let step = Step { bytes: WORK, made, scope: &scope, transition: &first };
        decide(&policy(), &step, &statements, &people(), at(100)).map(drop)
    };
    for made in [sealed(plan(), &[1]), sealed(manifest(), &[1]), sealed(evidence(), &[1])] {
        assert_eq!(decision(&made), Ok(()), "{}", made.kind());
    }
    assert!(matches!(decision(&sealed(plan(), &[50])), Err(Missing::Made(_))));
    let by_others = given("deputy", "tech_lead", |_| {});
    assert_eq!(decision(&by_others), Err(Missing::NoWork(Kind::Approval)));
    let unknown = decided(&policy(), &transition("PROPOSED", "CUTOVER_DONE"), &statements);
    assert!(matches!(unknown, Err(Missing::NoRule(_))));
}

#[test]
fn as_many_distinct_people_as_asked_for_must_approve() {
    let steps: [Rule; 1] = [("PROPOSED", "PLANNED", &[("tech_lead", 2), ("security", 1)])];
    let policy = policy_of(&steps).expect("it can be satisfied");
    let first = transition("PROPOSED", "PLANNED");
    let lead = || given("lead", "tech_lead", |_| {});
    let deputy = |role: &str| given("deputy", role, |_| {});
    let security = || given("security", "security", |_| {});
    let lacking = |statements: &[Envelope]| match decided(&policy, &first, statements) {
        Err(Missing::Approvals { lacking, .. }) => lacking.values().sum::<u32>(),
        Ok(_) => 0,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(lacking(&[]), 3);
    assert_eq!(lacking(&[lead()]), 2);
    // One person twice, in another form or under another role, is one person.
    let again = given("lead", "tech_lead", |it| it.expires = at(400));
    assert_eq!(lacking(&[lead(), again.clone(), lead()]), 2);
    assert_eq!(lacking(&[lead(), again, security()]), 1);
    assert_eq!(lacking(&[lead(), deputy("tech_lead"), deputy("security")]), 1);
    assert_eq!(lacking(&[lead(), deputy("security"), security()]), 1);
    // The deputy approved in both roles, and stands for the one in which he is needed.
    let both = [deputy("security"), deputy("tech_lead"), lead(), security()];
    let approved = decided(&policy, &first, &both).expect("three people approve");
    assert_eq!(approved.approvers()[&word::<Identity>("deputy")], word("tech_lead"));
    assert_eq!(approved.approvers().len(), 3);
}

#[test]
fn what_held_must_hold_still_when_it_takes_effect() {
    let (made, scope, first) = (sealed(plan(), &[1]), scope(), transition("PROPOSED", "PLANNED"));
    let statements = [given("lead", "tech_lead", |_| {})];
    let step = Step { bytes: WORK, made: &made, scope: &scope, transition: &first };
    let keys = people();
    let approved =
        || decide(&policy(), &step, &statements, &keys, at(100)).expect("the lead approves");
    let effect = approved().take_effect(&policy(), &step, &statements, &keys, at(499));
    let effect = effect.expect("it still holds");
    assert_eq!(effect.bytes(), WORK);
    assert_eq!(effect.transition(), &first);
    assert_eq!(effect.scope(), &scope);
    assert_eq!(effect.approvers().len(), 1);

    let late = approved().take_effect(&policy(), &step, &statements, &keys, at(500));
    assert!(matches!(late, Err(Missing::Approvals { .. })));
    let without = approved().take_effect(&policy(), &step, &[], &keys, at(101));
    assert!(matches!(without, Err(Missing::Approvals { .. })));
    for number in [1, 2] {
        let mut revoked = people();
        revoked.revoke(key(number).public_key().id(), at(101)).expect("it is known");
        let late = approved().take_effect(&policy(), &step, &statements, &revoked, at(101));
        assert!(late.is_err(), "the key {number} was revoked");
    }
    let steps: [Rule; 1] = [("PROPOSED", "PLANNED", &[("tech_lead", 1), ("security", 1)])];
    let stricter = policy_of(&steps).expect("it can be satisfied");
    let late = approved().take_effect(&stricter, &step, &statements, &keys, at(101));
    assert!(matches!(late, Err(Missing::Approvals { .. })));
    let other = Step { bytes: b"other", ..step };
    let late = approved().take_effect(&policy(), &other, &statements, &keys, at(101));
    assert_eq!(late, Err(Missing::OtherBytes));
    // Another step that is approved as well is another one.
    let other_scope: Line = word("project-2");
    let elsewhere = [given("lead", "tech_lead", |it| it.scope = word("project-2"))];
    let other = Step { scope: &other_scope, ..step };
    assert!(decide(&policy(), &other, &elsewhere, &keys, at(100)).is_ok());
    let late = approved().take_effect(&policy(), &other, &elsewhere, &keys, at(101));
    assert_eq!(late, Err(Missing::OtherStep));
}

#[test]
fn a_policy_has_one_document_and_can_be_satisfied() {
    let bytes = policy().write().expect("it has a document");
    assert_eq!(ApprovalPolicy::read(&bytes), Ok(policy()));
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.starts_with(r#"{"format":"onx/approval-policy/1","roles":{"#), "{text}");
    let none = text.replacen(r#"{"tech_lead":1}"#, r#"{"tech_lead":0}"#, 1);
    let many = text.replacen(r#"{"tech_lead":1}"#, r#"{"tech_lead":4}"#, 1);
    let nobody = text.replacen(r#"{"tech_lead":1}"#, r#"{"nobody":1}"#, 1);
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let (one, two) = (value["transitions"][0].to_string(), value["transitions"][1].to_string());
    let swapped = text.replace(&format!("{one},{two}"), &format!("{two},{one}"));
    let twice = text.replace(&one, &format!("{one},{one}"));
    for other in [none, many, nobody, swapped, twice, format!("{text} ")] {
        assert_ne!(other, text);
        assert!(ApprovalPolicy::read(other.as_bytes()).is_err(), "{other}");
    }
    let many = policy_of(&[("PROPOSED", "PLANNED", &[("qa_lead", 3)])]);
    assert!(matches!(many, Err(PolicyError::Holders { holders: 2, .. })));
    // One person stands for one role, so two roles that only he holds are one too many.
    let same: [Rule; 1] = [("PROPOSED", "PLANNED", &[("tech_lead", 1), ("security", 1)])];
    assert!(policy_of(&same).is_ok());
    let alone = |roles: &[&str]| {
        let holders = roles.iter().map(|role| (word(role), BTreeSet::from([word("ada")])));
        let asked = roles.iter().map(|role| (word(role), NonZeroU32::MIN)).collect();
        let transitions = BTreeMap::from([(transition("PROPOSED", "PLANNED"), asked)]);
        ApprovalPolicy::new(holders.collect(), transitions)
    };
    assert!(alone(&["security"]).is_ok());
    let both = alone(&["security", "tech_lead"]);
    assert!(matches!(both, Err(PolicyError::People { wanted: 2, people: 1, .. })), "{both:?}");
    let leads: Vec<String> =
        policy().holders(&word("tech_lead")).map(ToString::to_string).collect();
    assert_eq!(leads, ["ada", "deputy", "lead"]);
    assert_eq!(policy().holders(&word("nobody")).count(), 0);
    // A step that takes nobody is one that the policy names.
    let free = policy_of(&[("PROPOSED", "PLANNED", &[])]).expect("it can be satisfied");
    assert!(decided(&free, &transition("PROPOSED", "PLANNED"), &[]).is_ok());
    assert!(decided(&ApprovalPolicy::default(), &transition("PROPOSED", "PLANNED"), &[]).is_err());
}

#[test]
fn no_path_of_eight_moves_reaches_a_state_without_its_approvals() {
    // A move is an approval by the right person of one of the steps, or the attempt at a step. The
    // states of the model are where the work stands and what was given; every one that eight moves
    // reach is visited, and every step is attempted in it.
    let gifts: Vec<(usize, &str, Envelope)> = STEPS
        .iter()
        .enumerate()
        .flat_map(|(index, (from, to, roles))| {
            roles.iter().map(move |(role, _)| {
                let holder = HOLDERS.iter().find(|(name, _)| name == role).expect("held").1[1];
                let step = transition(from, to);
                (index, *role, given(holder, role, |it| it.transition = step))
            })
        })
        .collect();
    let (policy, mut attempts) = (policy(), 0);
    let mut layer = BTreeSet::from([(0_usize, 0_u32)]);
    let mut seen = layer.clone();
    for _ in 0..8 {
        let mut next = BTreeSet::new();
        for (stage, mask) in layer {
            let there = |gift: usize| mask & (1 << gift) != 0;
            next.extend((0..gifts.len()).map(|gift| (stage, mask | 1 << gift)));
            let statements: Vec<_> = (0..gifts.len())
                .filter(|gift| there(*gift))
                .map(|gift| gifts[gift].2.clone())
                .collect();
            for (index, (from, to, _)) in STEPS.iter().enumerate() {
                attempts += 1;
                let allowed = decided(&policy, &transition(from, to), &statements).is_ok();
                let mut needed = (0..gifts.len()).filter(|gift| gifts[*gift].0 == index);
                assert_eq!(allowed, needed.all(there), "{from} {to} with {mask:b}");
                if allowed && index == stage {
                    next.insert((stage + 1, mask));
                }
            }
        }
        layer = next.difference(&seen).copied().collect();
        seen.extend(&layer);
    }
    assert!(attempts > 1000 && seen.len() > 200, "{attempts} attempts in {} states", seen.len());
}

/// What a random approval says, so that it can be judged without the code that is tried.
struct Given {
    signer: usize,
    approver: usize,
    role: usize,
    step: usize,
    scope: bool,
    bytes: bool,
    from: i64,
    until: i64,
}

/// Whether a step may be taken, by the theorem of Hall: for every choice of roles, at least as many
/// people approved in one of them as all of them ask for.
fn allowed(all: &[Given], step: usize, revoked: &BTreeSet<usize>, now: i64) -> bool {
    let holds = |role: usize, person: usize| HOLDERS[role].1.contains(&PEOPLE[person].1);
    let good = |it: &&Given| {
        it.signer == it.approver
            && it.approver != 0
            && it.step == step
            && it.scope
            && it.bytes
            && (it.from..it.until).contains(&now)
            && holds(it.role, it.approver)
            && !revoked.contains(&it.signer)
    };
    let good: Vec<&Given> = all.iter().filter(good).collect();
    let asked = STEPS[step].2;
    (0..1_u32 << asked.len()).all(|choice| {
        let chosen: Vec<_> = (0..asked.len()).filter(|n| choice & (1 << n) != 0).collect();
        let wanted: u32 = chosen.iter().map(|n| asked[*n].1).sum();
        let names: Vec<&str> = chosen.iter().map(|n| asked[*n].0).collect();
        let people: BTreeSet<usize> = good
            .iter()
            .filter(|it| names.contains(&HOLDERS[it.role].0))
            .map(|it| it.approver)
            .collect();
        people.len() >= wanted as usize
    })
}

fn random_approval(numbers: &mut Numbers) -> (Given, Envelope) {
    let step = numbers.below(2) as usize + 3 * (numbers.below(2) as usize);
    let asked: Vec<usize> = (0..HOLDERS.len())
        .filter(|role| STEPS[step].2.iter().any(|(name, _)| *name == HOLDERS[*role].0))
        .collect();
    // Mostly what may count, so that all verdicts come up.
    let odd = |numbers: &mut Numbers| numbers.below(8) == 0;
    let role = if odd(numbers) { numbers.below(6) as usize } else { *numbers.one_of(&asked) };
    let holder = number_of(numbers.one_of::<&str>(HOLDERS[role].1)) as usize - 1;
    let approver = if odd(numbers) { numbers.below(8) as usize } else { holder };
    let signer = if odd(numbers) { numbers.below(8) as usize } else { approver };
    let (scope, bytes) = (!odd(numbers), !odd(numbers));
    let (from, until) = (numbers.seconds(60), 60 + numbers.seconds(200));
    let it = ApprovalGiven {
        approver: word(PEOPLE[approver].1),
        expires: at(until),
        given_at: at(from),
        namespace: word("core"),
        role: word(HOLDERS[role].0),
        scope: word(if scope { "project-1" } else { "project-2" }),
        transition: transition(STEPS[step].0, STEPS[step].1),
    };
    let about = if bytes { WORK } else { b"other" };
    let subjects = vec![Subject::of(word("plan.json"), about)];
    let statement = Statement::new(subjects, it).expect("it has a subject");
    let envelope = Envelope::sign(&statement, &key(PEOPLE[signer].0)).expect("memory signs");
    (Given { signer, approver, role, step, scope, bytes, from, until }, envelope)
}

#[test]
fn no_random_sequence_reaches_a_step_without_its_approvals() {
    let sequences = scaled("ONX_APPROVAL_SEQUENCES", 400);
    let cores = std::thread::available_parallelism().map_or(1, |it| it.get() as u64);
    let (yes, no) = std::thread::scope(|scope| {
        let share = |core| {
            scope.spawn(move || {
                let tried = (core..sequences).step_by(cores as usize).map(try_sequence);
                tried.fold((0, 0), |(yes, no), one| (yes + one.0, no + one.1))
            })
        };
        let shares: Vec<_> = (0..cores).map(share).collect();
        let tried = shares.into_iter().map(|it| it.join().expect("no sequence breaks the rule"));
        tried.fold((0, 0), |(yes, no), one| (yes + one.0, no + one.1))
    });
    assert!(yes > 10 && no > 100, "{yes} steps were taken and {no} refused");
}

/// Gives approvals, takes keys back and tries steps, all at random; how many steps were taken, and
/// how many refused.
fn try_sequence(sequence: u64) -> (u64, u64) {
    let mut numbers = Numbers::new((sequence << 8) ^ 2);
    let (policy, made, scope) = (policy(), sealed(plan(), &[1]), scope());
    let (mut given, mut statements) = (Vec::new(), Vec::new());
    let (mut keys, mut revoked, mut now) = (people(), BTreeSet::new(), 50);
    let (mut yes, mut no) = (0, 0);
    for _ in 0..10 {
        match numbers.below(8) {
            0..4 => {
                let (it, envelope) = random_approval(&mut numbers);
                given.push(it);
                statements.push(envelope);
            }
            4 => now += numbers.seconds(40),
            5 if numbers.below(4) == 0 => {
                let person = 1 + numbers.below(7) as usize;
                let id = key(PEOPLE[person].0).public_key().id();
                keys.revoke(id, at(now)).expect("it is known");
                revoked.insert(person);
            }
            _ => {
                let index = numbers.below(5) as usize;
                let transition = transition(STEPS[index].0, STEPS[index].1);
                let step =
                    Step { bytes: WORK, made: &made, scope: &scope, transition: &transition };
                let time: Timestamp = at(now);
                let effect = decide(&policy, &step, &statements, &keys, time)
                    .and_then(|it| it.take_effect(&policy, &step, &statements, &keys, time));
                let expected = allowed(&given, index, &revoked, now);
                assert_eq!(effect.is_ok(), expected, "sequence {sequence}: {effect:?}");
                if expected { yes += 1 } else { no += 1 }
            }
        }
    }
    (yes, no)
}
