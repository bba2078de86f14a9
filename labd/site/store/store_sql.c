/* All SQL of the project.  Migrations are append-only: a database in the field went through exactly
 * these steps, so a step is never edited after it was released. */
#include "labd/site/store/store_int.h"

/* A row may refer to rows of its own institution only: every foreign key carries the institution. */
static const char migration_1[] =
    "CREATE TABLE institutions("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " title TEXT NOT NULL) STRICT;"

    "CREATE TABLE hosts("
    " id INTEGER PRIMARY KEY,"
    " institution INTEGER NOT NULL REFERENCES institutions(id),"
    " name TEXT NOT NULL,"
    " UNIQUE(institution, id), UNIQUE(institution, name)) STRICT;"

    "CREATE TABLE users("
    " id INTEGER PRIMARY KEY,"
    " institution INTEGER NOT NULL REFERENCES institutions(id),"
    " login TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " role TEXT NOT NULL CHECK(role IN ('student', 'instructor', 'admin')),"
    " pwhash TEXT,"
    " created INTEGER NOT NULL,"
    " UNIQUE(institution, id), UNIQUE(institution, login)) STRICT;"

    "CREATE TABLE sessions("
    " id INTEGER PRIMARY KEY,"
    " institution INTEGER NOT NULL,"
    " user INTEGER NOT NULL,"
    " token_hash BLOB NOT NULL UNIQUE CHECK(length(token_hash) = 32),"
    " created INTEGER NOT NULL,"
    " used INTEGER NOT NULL,"
    " FOREIGN KEY(institution, user) REFERENCES users(institution, id)) STRICT;"
    "CREATE INDEX sessions_user ON sessions(institution, user);"

    "CREATE TABLE signin_failures("
    " institution INTEGER NOT NULL REFERENCES institutions(id),"
    " kind TEXT NOT NULL CHECK(kind IN ('account', 'address')),"
    " key TEXT NOT NULL,"
    " count INTEGER NOT NULL,"
    " since INTEGER NOT NULL,"
    " PRIMARY KEY(institution, kind, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX signin_since ON signin_failures(institution, since);"

    "CREATE TABLE labs("
    " id TEXT NOT NULL PRIMARY KEY,"
    " institution INTEGER NOT NULL,"
    " host INTEGER NOT NULL,"
    " owner INTEGER NOT NULL,"
    " exercise TEXT,"
    " name TEXT NOT NULL,"
    " title TEXT NOT NULL,"
    " topology TEXT NOT NULL,"
    " exercise_xml TEXT,"
    " driver TEXT NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('starting', 'running', 'failed', 'stopping', 'gone')),"
    " error TEXT,"
    " created INTEGER NOT NULL,"
    " ready INTEGER,"
    " UNIQUE(institution, id),"
    " FOREIGN KEY(institution, host) REFERENCES hosts(institution, id),"
    " FOREIGN KEY(institution, owner) REFERENCES users(institution, id)) STRICT;"
    "CREATE UNIQUE INDEX labs_one_per_exercise ON labs(institution, owner, exercise) WHERE state <> 'gone';"

    "CREATE TABLE attempts("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " institution INTEGER NOT NULL,"
    " lab TEXT NOT NULL,"
    " user INTEGER NOT NULL,"
    " exercise TEXT,"
    " number INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('queued', 'running', 'done', 'error')),"
    " started INTEGER NOT NULL,"
    " finished INTEGER,"
    " score INTEGER,"
    " max_score INTEGER NOT NULL,"
    " error TEXT,"
    " report TEXT,"
    " FOREIGN KEY(institution, lab) REFERENCES labs(institution, id),"
    " FOREIGN KEY(institution, user) REFERENCES users(institution, id)) STRICT;"
    "CREATE INDEX attempts_lab ON attempts(institution, lab);"
    "CREATE INDEX attempts_user ON attempts(institution, user, exercise);"
    "CREATE INDEX attempts_open ON attempts(institution, state) WHERE state IN ('queued', 'running');"

    "INSERT INTO institutions(id, name, title) VALUES(1, 'default', 'This site');"
    "INSERT INTO hosts(id, institution, name) VALUES(1, 1, 'local');";

/* Labs that are suspended.  SQLite cannot change a CHECK, so the table is written anew; references to it by
 * its name stay valid, because they are not enforced meanwhile (see store.c). */
static const char migration_2[] =
    "CREATE TABLE labs_2("
    " id TEXT NOT NULL PRIMARY KEY,"
    " institution INTEGER NOT NULL,"
    " host INTEGER NOT NULL,"
    " owner INTEGER NOT NULL,"
    " exercise TEXT,"
    " name TEXT NOT NULL,"
    " title TEXT NOT NULL,"
    " topology TEXT NOT NULL,"
    " exercise_xml TEXT,"
    " driver TEXT NOT NULL,"
    " state TEXT NOT NULL"
    "  CHECK(state IN ('starting', 'running', 'failed', 'stopping', 'suspending', 'suspended', 'gone')),"
    " error TEXT,"
    " created INTEGER NOT NULL,"
    " ready INTEGER,"
    " UNIQUE(institution, id),"
    " FOREIGN KEY(institution, host) REFERENCES hosts(institution, id),"
    " FOREIGN KEY(institution, owner) REFERENCES users(institution, id)) STRICT;"
    "INSERT INTO labs_2(id, institution, host, owner, exercise, name, title, topology, exercise_xml, driver,"
    " state, error, created, ready)"
    " SELECT id, institution, host, owner, exercise, name, title, topology, exercise_xml, driver, state, error,"
    " created, ready FROM labs;"
    "DROP TABLE labs;"
    "ALTER TABLE labs_2 RENAME TO labs;"
    "CREATE UNIQUE INDEX labs_one_per_exercise ON labs(institution, owner, exercise) WHERE state <> 'gone';";

/* Whether labs of an institution may have a way to the internet. */
static const char migration_3[] =
    "ALTER TABLE institutions ADD COLUMN internet INTEGER NOT NULL DEFAULT 0 CHECK(internet IN (0, 1));";

/* Parameters: the site's key, and what each lab drew from.  Labs from before have none to draw. */
static const char migration_4[] =
    "CREATE TABLE secrets("
    " name TEXT NOT NULL PRIMARY KEY,"
    " value BLOB NOT NULL CHECK(length(value) = 32)) STRICT, WITHOUT ROWID;"
    "ALTER TABLE labs ADD COLUMN seed BLOB NOT NULL DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000' CHECK(length(seed) = 32);";

/* An attempt that a student broke off has shown which checks hold, so it is spent although it has no score. */
static const char migration_5[] =
    "ALTER TABLE attempts ADD COLUMN spent INTEGER NOT NULL DEFAULT 0 CHECK(spent IN (0, 1));";

/* Scores that an instructor set: each row takes the place of those before it, and none is ever changed, so that the
 * table is its own audit trail.  score NULL: the score is that of the attempts again. */
static const char migration_6[] =
    "CREATE TABLE overrides("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " institution INTEGER NOT NULL,"
    " user INTEGER NOT NULL,"
    " exercise TEXT NOT NULL,"
    " score INTEGER CHECK(score >= 0),"
    " reason TEXT NOT NULL,"
    " author INTEGER NOT NULL,"
    " made INTEGER NOT NULL,"
    " FOREIGN KEY(institution, user) REFERENCES users(institution, id),"
    " FOREIGN KEY(institution, author) REFERENCES users(institution, id)) STRICT;"
    "CREATE INDEX overrides_user ON overrides(institution, user, exercise);"
    "CREATE TRIGGER overrides_stay BEFORE UPDATE ON overrides"
    " BEGIN SELECT RAISE(ABORT, 'an override is never changed'); END;"
    "CREATE TRIGGER overrides_are_kept BEFORE DELETE ON overrides"
    " BEGIN SELECT RAISE(ABORT, 'an override is never deleted'); END;";

/* When attempts at an exercise are due, and the percents that each day begun after that costs. */
static const char migration_7[] = "CREATE TABLE deadlines("
                                  " institution INTEGER NOT NULL REFERENCES institutions(id),"
                                  " exercise TEXT NOT NULL,"
                                  " due INTEGER NOT NULL,"
                                  " percent INTEGER NOT NULL CHECK(percent BETWEEN 0 AND 100),"
                                  " PRIMARY KEY(institution, exercise)) STRICT, WITHOUT ROWID;";

/* What the probes of an attempt saw, compressed; and what each attempt was worth before it was judged again, which is
 * never changed, as overrides are not. */
static const char migration_8[] =
    "CREATE UNIQUE INDEX attempts_id ON attempts(institution, id);"
    "CREATE TABLE evidence("
    " attempt INTEGER PRIMARY KEY,"
    " institution INTEGER NOT NULL,"
    " packed BLOB NOT NULL,"
    " FOREIGN KEY(institution, attempt) REFERENCES attempts(institution, id)) STRICT;"
    "CREATE TABLE regrades("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " institution INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL,"
    " score INTEGER NOT NULL,"
    " max_score INTEGER NOT NULL,"
    " report TEXT NOT NULL,"
    " author INTEGER NOT NULL,"
    " made INTEGER NOT NULL,"
    " FOREIGN KEY(institution, attempt) REFERENCES attempts(institution, id),"
    " FOREIGN KEY(institution, author) REFERENCES users(institution, id)) STRICT;"
    "CREATE INDEX regrades_attempt ON regrades(institution, attempt);"
    "CREATE TRIGGER regrades_stay BEFORE UPDATE ON regrades"
    " BEGIN SELECT RAISE(ABORT, 'a former score is never changed'); END;"
    "CREATE TRIGGER regrades_are_kept BEFORE DELETE ON regrades"
    " BEGIN SELECT RAISE(ABORT, 'a former score is never deleted'); END;";

/* What a student says to the questions of a lab, as long as it is there; reports keep what was graded. */
static const char migration_9[] = "CREATE TABLE answers("
                                  " institution INTEGER NOT NULL,"
                                  " lab TEXT NOT NULL,"
                                  " question TEXT NOT NULL,"
                                  " text TEXT NOT NULL,"
                                  " PRIMARY KEY(institution, lab, question),"
                                  " FOREIGN KEY(institution, lab) REFERENCES labs(institution, id))"
                                  " STRICT, WITHOUT ROWID;";

const char *const store_migrations[] = {migration_1, migration_2, migration_3, migration_4, migration_5,
                                        migration_6, migration_7, migration_8, migration_9};
const int store_nmigrations = (int)(sizeof store_migrations / sizeof *store_migrations);

#define LAB_COLUMNS \
    "l.id, l.host, l.owner, u.login, u.name, l.exercise, l.name, l.title, l.topology, " \
    "l.exercise_xml, l.driver, l.state, l.error, l.created, l.ready, l.seed"
/* The score of attempt 'x' without what lateness costs: deadlines move, so it is never stored. */
#define COUNTS(x) \
    x ".score * (100 - coalesce((SELECT min(100, d.percent * ((" x \
      ".started - d.due + 86399999) / 86400000))" \
      " FROM deadlines d WHERE d.institution = ?1 AND d.exercise = " x ".exercise AND d.due < " x \
      ".started), 0)) / 100"
/* The scores that an attempt had before it was judged again, the oldest first. */
#define FORMER \
    "(SELECT json_group_array(json_object('score', f.score, 'max_score', f.max_score, 'by', f.login," \
    " 'by_name', f.name, 'until_ms', f.made)) FROM" \
    " (SELECT g.score, g.max_score, u.login, u.name, g.made FROM regrades g" \
    "  JOIN users u ON u.institution = ?1 AND u.id = g.author" \
    "  WHERE g.institution = ?1 AND g.attempt = attempts.id ORDER BY g.id) f)"
#define EVIDENCE "EXISTS (SELECT 1 FROM evidence v WHERE v.institution = ?1 AND v.attempt = attempts.id)"
#define ATTEMPT_COLUMNS_BUT(report) \
    "id, lab, user, exercise, number, state, started, finished, score, max_score, error, " report \
    ", spent, " COUNTS("attempts") ", " FORMER ", " EVIDENCE
#define ATTEMPT_COLUMNS ATTEMPT_COLUMNS_BUT("report")
/* An attempt that ended in an error of ours costs the student nothing, so it is not counted. */
#define COUNTED "(a.state <> 'error' OR a.spent = 1)"
#define LAST(what, user, exercise) \
    " (SELECT " what " FROM attempts b WHERE b.institution = ?1 AND b.user = " user \
    " AND b.exercise = " exercise " AND b.score IS NOT NULL ORDER BY b.id DESC LIMIT 1)"
/* Of the attempts 'a'; 'user' and 'exercise' name whose they are. */
#define SCORE_COLUMNS(user, exercise) \
    "count(*) FILTER (WHERE " COUNTED "), max(a.score), max(a.max_score), max(a.started)," \
    " max(a.finished) FILTER (WHERE " COUNTED \
    ")," LAST("b.score", user, exercise) "," LAST(COUNTS("b"), user, exercise) ", max(" COUNTS( \
        "a") ")," \
             " (SELECT o.score FROM overrides o WHERE o.institution = ?1 AND o.user = " user \
             "  AND o.exercise = " exercise " ORDER BY o.id DESC LIMIT 1)"

const char *const store_sql[SQL_COUNT] = {
    [SQL_INSTITUTION_ADD] = "INSERT INTO institutions(name, title) VALUES(?1, ?2)",
    [SQL_INSTITUTION_EACH] = "SELECT id, name FROM institutions ORDER BY id",
    [SQL_INSTITUTION_SET_INTERNET] = "UPDATE institutions SET internet = ?2 WHERE name = ?1 RETURNING id",
    [SQL_SECRET_ADD] = "INSERT INTO secrets(name, value) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
    [SQL_SECRET_FIND] = "SELECT value FROM secrets WHERE name = ?1",
    [SQL_INSTITUTION_NAME] = "SELECT name FROM institutions WHERE id = ?1",
    [SQL_INSTITUTION_INTERNET] = "SELECT internet FROM institutions WHERE id = ?1",
    [SQL_HOST_ADD] = "INSERT INTO hosts(institution, name) VALUES(?1, ?2)",
    [SQL_HOST_FIND] = "SELECT id FROM hosts WHERE institution = ?1 AND name = ?2",

    [SQL_USER_PUT] = "INSERT INTO users(institution, login, name, role, pwhash, created)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                     " ON CONFLICT(institution, login) DO UPDATE"
                     " SET name = excluded.name, role = excluded.role, pwhash = excluded.pwhash"
                     " RETURNING id",
    [SQL_USER_FIND] = "SELECT id, login, name, role, pwhash FROM users WHERE institution = ?1 AND login = ?2",
    [SQL_USER_END_SESSIONS] = "DELETE FROM sessions WHERE institution = ?1 AND user = ?2",

    [SQL_SESSION_ADD] = "INSERT INTO sessions(institution, user, token_hash, created, used)"
                        " VALUES(?1, ?2, ?3, ?4, ?4) RETURNING id",
    [SQL_SESSION_FIND] =
        "SELECT s.id, s.created, s.used, u.id, u.login, u.name, u.role"
        " FROM sessions s JOIN users u ON u.institution = s.institution AND u.id = s.user"
        " WHERE s.institution = ?1 AND s.token_hash = ?2 AND s.created >= ?3 AND s.used >= ?4",
    [SQL_SESSION_TOUCH] = "UPDATE sessions SET used = ?3 WHERE institution = ?1 AND id = ?2",
    [SQL_SESSION_DEL] = "DELETE FROM sessions WHERE institution = ?1 AND id = ?2",
    [SQL_SESSION_EXPIRE] = "DELETE FROM sessions WHERE institution = ?1 AND (created < ?2 OR used < ?3)",
    [SQL_SESSION_COUNT] =
        "SELECT count(*) FROM sessions WHERE institution = ?1 AND created >= ?2 AND used >= ?3",

    [SQL_SIGNIN_PURGE] = "DELETE FROM signin_failures WHERE institution = ?1 AND since <= ?2",
    [SQL_SIGNIN_FAIL] = "INSERT INTO signin_failures(institution, kind, key, count, since)"
                        " VALUES(?1, ?2, ?3, 1, ?4)"
                        " ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count, since",
    [SQL_SIGNIN_FORGIVE] = "UPDATE signin_failures SET count = count - 1"
                           " WHERE institution = ?1 AND kind = ?2 AND key = ?3 AND count > 0",
    [SQL_SIGNIN_FORGET] = "DELETE FROM signin_failures WHERE institution = ?1 AND kind = ?2 AND key = ?3",

    [SQL_LAB_ADD] = "INSERT INTO labs(institution, id, host, owner, exercise, name, title, topology,"
                    " exercise_xml, driver, state, created, seed)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [SQL_LAB_SET_STATE] = "UPDATE labs SET state = ?3, error = ?4, ready = ?5"
                          " WHERE institution = ?1 AND id = ?2",
    [SQL_LAB_MEND] = "UPDATE labs SET exercise_xml = ?3 WHERE institution = ?1 AND id = ?2",
    [SQL_LAB_END] = "UPDATE labs SET state = 'gone', topology = '', exercise_xml = NULL"
                    " WHERE institution = ?1 AND id = ?2",
    [SQL_LAB_EACH] =
        "SELECT " LAB_COLUMNS " FROM labs l JOIN users u ON u.institution = l.institution AND u.id = l.owner"
        " WHERE l.institution = ?1 AND l.state <> 'gone' ORDER BY l.created, l.id",

    [SQL_ATTEMPT_ADD] =
        "INSERT INTO attempts(institution, lab, user, exercise, number, state, started, max_score)"
        " VALUES(?1, ?2, ?3, ?4,"
        " 1 + (SELECT count(*) FROM attempts a WHERE institution = ?1 AND user = ?3"
        "      AND exercise IS ?4 AND (?4 IS NOT NULL OR lab = ?2) AND " COUNTED "),"
        " ?5, ?6, ?7) RETURNING id, number",
    [SQL_ATTEMPT_RUNNING] = "UPDATE attempts SET state = 'running' WHERE institution = ?1 AND id = ?2",
    [SQL_ATTEMPT_FINISH] = "UPDATE attempts SET state = ?3, finished = ?4, score = ?5, max_score = ?6,"
                           " error = ?7, report = ?8, spent = ?9 WHERE institution = ?1 AND id = ?2",
    [SQL_ATTEMPT_INTERRUPT] = "UPDATE attempts SET state = 'error', finished = ?2, error = ?3"
                              " WHERE institution = ?1 AND state IN ('queued', 'running')",
    [SQL_ATTEMPT_FIND] = "SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE institution = ?1 AND id = ?2",
    [SQL_ATTEMPT_LATEST] = "SELECT " ATTEMPT_COLUMNS
                           " FROM attempts WHERE institution = ?1 AND lab = ?2 ORDER BY id DESC LIMIT 1",
    [SQL_ATTEMPT_EACH] =
        "SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE institution = ?1 AND lab = ?2 ORDER BY id",
    [SQL_ATTEMPT_HISTORY] =
        "SELECT " ATTEMPT_COLUMNS_BUT("NULL") " FROM attempts WHERE institution = ?1 AND user = ?2"
                                              " AND exercise = ?3 ORDER BY id DESC LIMIT ?4",
    [SQL_ATTEMPT_COUNT] = "SELECT count(*) FROM attempts WHERE institution = ?1 AND state = ?2",

    [SQL_FAILURES_EACH] = "SELECT json_extract(c.value, '$.id'), count(*)"
                          " FROM attempts a, json_each(a.report, '$.checks') c"
                          " WHERE a.institution = ?1 AND a.user = ?2 AND a.exercise IS ?3"
                          " AND (?3 IS NOT NULL OR a.lab = ?4) AND a.id < ?5 AND a.report IS NOT NULL"
                          " AND json_extract(c.value, '$.status') = 'fail' GROUP BY 1",

    [SQL_ANSWER_PUT] = "INSERT INTO answers(institution, lab, question, text) VALUES(?1, ?2, ?3, ?4)"
                       " ON CONFLICT DO UPDATE SET text = excluded.text",
    [SQL_ANSWER_DEL] = "DELETE FROM answers WHERE institution = ?1 AND lab = ?2 AND question = ?3",
    [SQL_ANSWER_END] = "DELETE FROM answers WHERE institution = ?1 AND lab = ?2",
    [SQL_ANSWER_EACH] = "SELECT question, text FROM answers WHERE institution = ?1 AND lab = ?2",
    [SQL_WRONG_EACH] = "SELECT DISTINCT json_extract(c.value, '$.id'), json_extract(c.value, '$.answer')"
                       " FROM attempts a, json_each(a.report, '$.checks') c"
                       " WHERE a.institution = ?1 AND a.user = ?2 AND a.exercise = ?3 AND a.id < ?4"
                       " AND a.report IS NOT NULL AND json_extract(c.value, '$.status') = 'fail'"
                       " AND json_extract(c.value, '$.answer') IS NOT NULL",

    [SQL_SEEDS_EACH] =
        "SELECT DISTINCT u.login, l.seed FROM labs l"
        " JOIN users u ON u.institution = l.institution AND u.id = l.owner"
        " WHERE l.institution = ?1 AND l.exercise = ?2 AND l.owner <> ?3 ORDER BY u.login LIMIT ?4",

    [SQL_EVIDENCE_ADD] = "INSERT INTO evidence(institution, attempt, packed) VALUES(?1, ?2, ?3)",
    [SQL_EVIDENCE_FIND] = "SELECT packed FROM evidence WHERE institution = ?1 AND attempt = ?2",
    [SQL_REGRADE_COUNT] =
        "SELECT count(*) FROM attempts WHERE institution = ?1 AND exercise = ?2 AND state = 'done'",
    [SQL_REGRADE_NEXT] =
        "SELECT " ATTEMPT_COLUMNS ", (SELECT u.login FROM users u WHERE u.institution = ?1 AND u.id = user),"
        " (SELECT l.seed FROM labs l WHERE l.institution = ?1 AND l.id = lab)"
        " FROM attempts WHERE institution = ?1 AND exercise = ?2 AND id > ?3"
        " AND state = 'done' ORDER BY id LIMIT 1",
    [SQL_REGRADE_ADD] = "INSERT INTO regrades(institution, attempt, score, max_score, report, author, made)"
                        " SELECT institution, id, score, max_score, report, ?3, ?4 FROM attempts"
                        " WHERE institution = ?1 AND id = ?2 AND state = 'done' RETURNING id",
    [SQL_REGRADE_SET] = "UPDATE attempts SET score = ?3, max_score = ?4, report = ?5"
                        " WHERE institution = ?1 AND id = ?2",

    [SQL_SCORE_FIND] = "SELECT " SCORE_COLUMNS(
        "?2", "?3") " FROM attempts a WHERE a.institution = ?1 AND a.user = ?2 AND a.exercise = ?3",
    [SQL_OVERRIDE_ADD] = "INSERT INTO overrides(institution, user, exercise, score, reason, author, made)"
                         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_OVERRIDE_EACH] =
        "SELECT o.score, o.reason, u.login, u.name, o.made FROM overrides o"
        " JOIN users u ON u.institution = o.institution AND u.id = o.author"
        " WHERE o.institution = ?1 AND o.user = ?2 AND o.exercise = ?3 ORDER BY o.id DESC LIMIT ?4",
    [SQL_DEADLINE_PUT] = "INSERT INTO deadlines(institution, exercise, due, percent) VALUES(?1, ?2, ?3, ?4)"
                         " ON CONFLICT DO UPDATE SET due = excluded.due, percent = excluded.percent",
    [SQL_DEADLINE_DEL] = "DELETE FROM deadlines WHERE institution = ?1 AND exercise = ?2",
    [SQL_DEADLINE_FIND] = "SELECT due, percent FROM deadlines WHERE institution = ?1 AND exercise = ?2",
    [SQL_OVERVIEW_EACH] =
        "SELECT u.login, u.name, p.exercise,"
        " (SELECT l.id FROM labs l WHERE l.institution = ?1 AND l.owner = u.id AND l.exercise = p.exercise"
        "  AND l.state <> 'gone'), " SCORE_COLUMNS(
            "p.user",
            "p.exercise") " FROM (SELECT owner AS user, exercise FROM labs"
                          "       WHERE institution = ?1 AND exercise IS NOT NULL AND state <> 'gone'"
                          "       UNION SELECT user, exercise FROM attempts WHERE institution = ?1 AND exercise IS NOT NULL"
                          "       UNION SELECT user, exercise FROM overrides WHERE institution = ?1) p"
                          " JOIN users u ON u.institution = ?1 AND u.id = p.user"
                          " LEFT JOIN attempts a ON a.institution = ?1 AND a.user = p.user AND a.exercise = p.exercise"
                          " GROUP BY u.id, p.exercise ORDER BY u.login, p.exercise",
};
