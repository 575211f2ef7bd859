// The bounds of everything a source takes in from outside, with the reason above each.
// Owns numbers only; a source that meets one refuses and counts, it never grows.

// sshd cuts a message at 1 KiB and sudo splits a command near that; rsyslog's default is 8 KiB.
/** Longest log line in bytes, without its line end. */
export const LINE_BYTES_MAX = 16_384;

// One read of a followed file. Large enough that a replay is not made of system calls.
/** Bytes read from a file at once. */
export const READ_CHUNK_BYTES = 262_144;

// Enough to hold a time stamp, a host, a tag and a process id, which is what makes files differ.
/** Bytes of a file's first line that make its identity. */
export const IDENTITY_BYTES_MAX = 1_024;

// rsyslog folds at most what fits between two different lines; anything beyond this is a forgery.
/** Largest `message repeated N times`, and largest `count` of a posted event. */
export const REPEAT_COUNT_MAX = 1_000_000;

// sshd keeps at most MaxStartups (100) connections unauthenticated; the rest is for many hosts.
/** Connections of sshd remembered at once. */
export const CONNECTIONS_MAX = 4_096;

// LoginGraceTime is 120 s; after five of them a process id belongs to somebody else.
/** Event time in ms after which a silent connection is forgotten. */
export const CONNECTION_MS_MAX = 600_000;

// Two subjects per line of a busy file; past this the cache starts anew.
/** Subjects kept in the parser's cache. */
export const SUBJECT_CACHE_MAX = 8_192;

// logrotate keeps four weeks; a directory with more is searched no further.
/** Rotated siblings looked at when a file's old self is searched for. */
export const ROTATED_FILES_MAX = 64;

// rsyslog writes to the renamed file until logrotate's postrotate script has signalled it.
/** Monotonic ms for which a renamed file is still read. */
export const RETIRED_MS_MAX = 10_000;

/** Bytes of one posted body. */
export const HTTP_BODY_BYTES_MAX = 1_048_576;

/** Events in one posted body. */
export const HTTP_EVENTS_MAX = 1_000;

/** Connections the `http` source serves at once. */
export const HTTP_CONNECTIONS_MAX = 64;

/** Milliseconds a caller has to send its whole request. */
export const HTTP_REQUEST_MS_MAX = 10_000;

// The scorer's clock is event time: one event from the far future would end every window at once.
/** Milliseconds by which a posted event's time may lie ahead of this host's clock. */
export const HTTP_FUTURE_MS_MAX = 300_000;

// A log in another zone than the one that was said is 14 hours ahead at most. A subject that was
// seen at a time to come would be late ever after, and hardly anything is bet on what is late.
/** Milliseconds by which the time of a line may lie ahead of this host's clock. */
export const LINE_FUTURE_MS_MAX = 86_400_000;

// A layer reports an attempt when it ends, and a mail client holds a connection for a minute.
/** Event time in ms within which two layers' lines speak of the same attempts. */
export const ATTEMPT_MS_MAX = 60_000;

/** Sources whose attempts are matched across layers at once. */
export const ATTEMPT_SOURCES_MAX = 4_096;

// CloudTrail records reach 256 KiB; a record of more is cut by the services that deliver it.
/** Characters of one JSON record. */
export const RECORD_CHARS_MAX = 1_048_576;

// The deepest record we know (CloudTrail requestParameters of a policy) has 11 levels.
/** Levels of objects and arrays within one JSON record. */
export const RECORD_DEPTH_MAX = 32;

/** Records in one line that holds an array of them. */
export const RECORDS_MAX = 10_000;

// A service has one stream or two; more are those of services that ended within a line.
/** Streams of one journal whose last line was cut. */
export const CUT_STREAMS_MAX = 1_024;

/** Connections of one service whose address an earlier line has named. */
export const NAMED_CONNECTIONS_MAX = 4_096;

/** Statements of unknown services seen without an address; past this, none is believed. */
export const DISTRUSTED_MAX = 1_024;

// The largest published city database is about 130 MiB.
/** Bytes of a place database. */
export const GEO_FILE_BYTES_MAX = 536_870_912;

/** Addresses whose place is kept; past this the memory starts anew. */
export const GEO_CACHE_MAX = 8_192;
