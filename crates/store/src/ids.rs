//! Ids: UUIDv7, so that they sort by the time they were made at.

use std::{fmt, str::FromStr};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use uuid::Uuid;

use crate::Moment;

/// The ids of a process, each greater than those before it, even when the clock goes back.
static LAST: Mutex<Last> = Mutex::new(Last {
    millis: 0,
    count: 0,
});

struct Last {
    millis: u64,
    count: u32,
}

/// A clock that goes back further was wrong before: ids begin anew then.
const MOST_BACK_MS: u64 = 24 * 3_600_000;

/// Bits that count the ids of one millisecond.
const COUNTER_BITS: u32 = 26;

/// A new UUIDv7 for `now`.
pub fn new_uuid(now: Moment) -> Uuid {
    let random: u128 = rand::random();
    let (millis, count) = {
        let mut last = LAST.lock();
        let millis = now.millis();
        if millis > last.millis || millis + MOST_BACK_MS < last.millis {
            last.millis = millis;
            // Begins low enough to have room for many more in this millisecond.
            last.count = (random as u32) >> (32 - COUNTER_BITS + 1);
        } else if last.count + 1 < 1 << COUNTER_BITS {
            last.count += 1;
        } else {
            last.millis += 1;
            last.count = 0;
        }
        (last.millis, last.count)
    };
    let counter = u128::from(count);
    let high = counter >> 14;
    let low = (counter & 0x3fff) << 48;
    let tail = random & 0xffff_ffff_ffff;
    Uuid::from_u128(
        u128::from(millis & 0xffff_ffff_ffff) << 80 | 7 << 76 | high << 64 | 2 << 62 | low | tail,
    )
}

/// When a UUIDv7 was made, to the millisecond.
pub fn made_at(id: Uuid) -> Moment {
    Moment::from_micros((id.as_u128() >> 80) as i64 * 1000)
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            pub fn new(now: Moment) -> Self {
                Self(new_uuid(now))
            }

            /// When it was made, to the millisecond; up to a day later where the clock went back.
            pub fn made_at(self) -> Moment {
                made_at(self.0)
            }

            /// Nothing that it names has happened before that.
            pub fn earliest(self) -> Moment {
                made_at(self.0) - std::time::Duration::from_hours(48)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl<DB: Database> Type<DB> for $name
        where
            Uuid: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <Uuid as Type<DB>>::type_info()
            }

            fn compatible(found: &DB::TypeInfo) -> bool {
                <Uuid as Type<DB>>::compatible(found)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            Uuid: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            Uuid: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                <Uuid as Decode<'r, DB>>::decode(value).map(Self)
            }
        }

        impl sqlx::postgres::PgHasArrayType for $name {
            fn array_type_info() -> sqlx::postgres::PgTypeInfo {
                <Uuid as sqlx::postgres::PgHasArrayType>::array_type_info()
            }
        }
    )*};
}

id! {
    /// A customer or department.
    TenantId
    WorkflowId
    RobotId
    /// A queued order to run.
    JobId
    /// One attempt of a job.
    RunId
    /// A transaction queue.
    QueueId
    /// A business transaction in such a queue.
    ItemId
    ScheduleId
    TriggerId
}

impl RunId {
    /// The run that is this lease of the job. Everybody computes the same.
    pub fn of(job: JobId, lease_epoch: i64) -> Self {
        // Odd, so that no two epochs meet; only random bits of the job's id are changed.
        let mixed = (lease_epoch.cast_unsigned() as u32).wrapping_mul(0x9e37_79b1);
        Self(Uuid::from_u128(job.0.as_u128() ^ u128::from(mixed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_only_grow_even_when_the_clock_goes_back() {
        let noon = Moment::from_micros(1_900_000_000_000_000);
        let mut made: Vec<Uuid> = (0..5_000).map(|_| new_uuid(noon)).collect();
        made.push(new_uuid(noon - std::time::Duration::from_hours(1)));
        made.push(new_uuid(noon + std::time::Duration::from_secs(1)));

        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(made_at(made[0]), noon);
    }
}
