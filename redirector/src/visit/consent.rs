//! Whether pixels may fire on a person's visit: the rule of the visitor's place, the browser's signal, and the answer
//! that is remembered.

use contract::{
    click::Consent,
    consent::ConsentMode::{self, None as Never, OptInAsk, OptInPass, OptOut},
};

/// What becomes of the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They fire.
    Fire(Consent),
    /// They do not.
    Refuse(Consent),
    /// The visitor is asked.
    Ask,
}

/// Decides. `signals` is the Global Privacy Control signal, `honours` whether the tenant follows it where consent is not
/// needed; `answer` tells what the visitor answered this tenant before, or now, and is called only where that counts. An
/// answer weighs more than the signal, which a browser sends to everybody.
#[must_use]
pub fn verdict(mode: ConsentMode, signals: bool, honours: bool, answer: impl FnOnce() -> Option<bool>) -> Verdict {
    if mode == Never {
        return Verdict::Fire(if signals { Consent::Limited } else { Consent::Unasked });
    }
    match (answer(), mode) {
        (Some(true), _) => Verdict::Fire(Consent::Granted),
        (Some(false), _) => Verdict::Refuse(Consent::Refused),
        (None, OptOut) if signals && !honours => Verdict::Fire(Consent::Limited),
        (None, _) if signals => Verdict::Refuse(Consent::Gpc),
        (None, OptInAsk) => Verdict::Ask,
        (None, OptInPass) => Verdict::Refuse(Consent::Missing),
        (None, OptOut | Never) => Verdict::Fire(Consent::Unasked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_with_every_signal_and_answer() {
        let (fire, refuse) = (Verdict::Fire, Verdict::Refuse);
        let verdict = |mode, signals, honours, answer| verdict(mode, signals, honours, || answer);
        let expected = [
            // no answer: without and with the signal; then agreed, then refused, with the signal or without
            (Never, fire(Consent::Unasked), fire(Consent::Limited), None),
            (OptOut, fire(Consent::Unasked), refuse(Consent::Gpc), Some(())),
            (OptInAsk, Verdict::Ask, refuse(Consent::Gpc), Some(())),
            (OptInPass, refuse(Consent::Missing), refuse(Consent::Gpc), Some(())),
        ];
        for (mode, without, with, answers) in expected {
            assert_eq!(verdict(mode, false, true, None), without, "{mode:?}");
            assert_eq!(verdict(mode, true, true, None), with, "{mode:?}");
            for signals in [false, true] {
                let (agreed, declined) = match answers {
                    Some(()) => (fire(Consent::Granted), refuse(Consent::Refused)),
                    None => (verdict(mode, signals, true, None), verdict(mode, signals, true, None)),
                };
                assert_eq!(verdict(mode, signals, true, Some(true)), agreed, "{mode:?} {signals}");
                assert_eq!(verdict(mode, signals, true, Some(false)), declined, "{mode:?} {signals}");
            }
        }
        // a tenant that does not follow the signal does so only where consent is not needed
        assert_eq!(verdict(OptOut, true, false, None), fire(Consent::Limited));
        assert_eq!(verdict(OptInAsk, true, false, None), refuse(Consent::Gpc));
        assert_eq!(verdict(OptInPass, true, false, None), refuse(Consent::Gpc));
        assert_eq!(verdict(Never, true, false, None), fire(Consent::Limited));
    }

    #[test]
    fn nobody_looks_for_an_answer_that_does_not_count() {
        for signals in [false, true] {
            let looked = verdict(Never, signals, true, || panic!("it does not count"));
            assert!(matches!(looked, Verdict::Fire(_)));
        }
    }
}
