use proptest::prelude::*;

use super::Dialect::{MySql, PostgreSql, Sqlite};
use super::*;

#[track_caller]
fn texts(source: &str, dialect: Dialect) -> Vec<String> {
    let statements = split(source, dialect).unwrap_or_else(|mistake| panic!("{mistake}"));
    statements.iter().map(|statement| statement.text(source).to_string()).collect()
}

#[track_caller]
fn assert_whole(source: &str, dialect: Dialect) {
    assert_eq!(texts(&format!("{source};\nSELECT 2;"), dialect), [source, "SELECT 2"]);
}

#[track_caller]
fn assert_mistake(source: &str, dialect: Dialect, words: &str) {
    let mistake = split(source, dialect).expect_err("this is a mistake").to_string();
    assert!(mistake.contains(words), "{mistake}");
}

#[test]
fn semicolons_in_texts_names_and_comments_end_nothing() {
    for dialect in [MySql, PostgreSql, Sqlite] {
        assert_whole("SELECT ';', 'it''s;', \";\" -- ; '\n, 1 /* ; ' */ + 1", dialect);
    }
    assert_whole(
        r#"INSERT INTO t VALUES ('a\';', "b\";", 'c\\') # ; '
        + 1"#,
        MySql,
    );
    assert_whole("SELECT `a;``b`", MySql);
    assert_whole("SELECT `a;`, [b;c]", Sqlite);
    assert_whole(r"SELECT E'a\';', U&'\0061;', 'c:\'", PostgreSql);
    assert_whole("SELECT 1 /* /* ; */ ; */ + 1", PostgreSql);
    assert_whole("SELECT $$;'$$, $tag$;$$;$tag$, $1, a$b$", PostgreSql);
    assert_eq!(texts("SELECT 5--3; SELECT 1 -- 2;", MySql), ["SELECT 5--3", "SELECT 1"]);
    assert_eq!(texts("SELECT 5--3; SELECT 1", PostgreSql), ["SELECT 5"]);
    assert_eq!(texts(r"SELECT 'a\'; SELECT 2", Sqlite), [r"SELECT 'a\'", "SELECT 2"]);
    assert_eq!(texts("SELECT 1 /* /* */; SELECT 2", MySql), ["SELECT 1", "SELECT 2"]);
}

#[test]
fn nothing_is_no_statement() {
    for dialect in [MySql, PostgreSql, Sqlite] {
        assert!(texts("", dialect).is_empty());
        assert!(texts("\u{feff}\r\n ;; -- x\n ; /* y */ ;\r\n", dialect).is_empty());
    }
    assert_eq!(
        texts("/*!40101 SET NAMES utf8 */; /*M!100 SELECT 1 */", MySql),
        ["/*!40101 SET NAMES utf8 */", "/*M!100 SELECT 1 */"]
    );
}

#[test]
fn delimiters_are_commands_of_the_client() {
    let source = "SELECT 1;\nDELIMITER $$\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW\nBEGIN\n  SET NEW.x = '$$';\nEND$$\n\
                  delimiter //\nSELECT 2; SELECT 3//\nDELIMITER ;\r\nSELECT 4;";
    let found = texts(source, MySql);
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[1].ends_with("END"), "{found:?}");
    assert_eq!(found[2], "SELECT 2; SELECT 3");
    assert_eq!(found[3], "SELECT 4");
    assert_mistake("DELIMITER\nSELECT 1", MySql, "1:1: DELIMITER names none");
    assert_eq!(texts("SELECT delimiter FROM t", MySql), ["SELECT delimiter FROM t"]);
}

#[test]
fn bodies_are_whole_without_delimiter() {
    assert_whole(
        "CREATE DEFINER=`root`@`localhost` PROCEDURE p()\nBEGIN\n  DECLARE x INT;\n  IF x > 1 THEN SET x = 2; ELSE SET x = 3; END IF;\n  \
         CASE x WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE;\n  SET x = CASE WHEN x THEN 1 ELSE 2 END;\n  \
         l: LOOP LEAVE l; END LOOP l;\n  WHILE x DO SET x = 0; END WHILE;\n  SELECT NEW.end, t.begin FROM t;\nEND",
        MySql,
    );
    assert_whole("BEGIN NOT ATOMIC SELECT 1; SELECT 2; END", MySql);
    assert_whole("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM t; END", MySql);
    assert_whole(
        "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = '*/;'; END */",
        MySql,
    );
    assert_eq!(texts("BEGIN; SELECT 1; COMMIT;", MySql), ["BEGIN", "SELECT 1", "COMMIT"]);
    assert_eq!(texts("CREATE TABLE event (begin INT); SELECT 1;", MySql).len(), 2);
    assert_whole(
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql\nBEGIN ATOMIC\n  SELECT CASE WHEN true THEN 1 END;\n  SELECT 2;\nEND",
        PostgreSql,
    );
    assert_eq!(texts("BEGIN; SELECT 1; END;", PostgreSql), ["BEGIN", "SELECT 1", "END"]);
    assert_whole("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)", PostgreSql);
    assert_whole("DO $body$ BEGIN PERFORM 1; END $body$", PostgreSql);
    assert_whole(
        "CREATE TEMP TRIGGER t AFTER UPDATE ON a BEGIN UPDATE b SET x = CASE WHEN 1 THEN 2 ELSE 3 END; DELETE FROM c; END",
        Sqlite,
    );
    assert_eq!(texts("BEGIN; SELECT 1; END;", Sqlite), ["BEGIN", "SELECT 1", "END"]);
}

#[test]
fn rows_follow_a_copy() {
    let source = "\\restrict abc\nCOPY public.t (a, b) FROM stdin;\n1\tx;y'\n2\t\\N\n\\.\n\nCOPY t TO '/x';\nSELECT 1;\n\\unrestrict abc\n";
    let found = split(source, PostgreSql).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].text(source), "COPY public.t (a, b) FROM stdin");
    assert_eq!(&source[found[0].rows.clone().unwrap()], "1\tx;y'\n2\t\\N\n");
    assert_eq!((found[1].line, &found[1].rows), (7, &None));
    assert_mistake("COPY t FROM STDIN;\n1\n", PostgreSql, "1:1: the rows of this COPY do not end");
}

#[test]
fn lines_and_words_are_known() {
    let source = "\u{feff}-- first\r\n\r\nSELECT 1;\r\n  update `t`\r\n set x = 1; /* c\n */ DELETE FROM t";
    let found = split(source, MySql).unwrap();
    let lines: Vec<usize> = found.iter().map(|statement| statement.line).collect();
    assert_eq!(lines, [3, 4, 6]);
    assert!(found[1].begins(&["UPDATE"]) && found[2].begins(&["DELETE", "FROM"]));
    assert_eq!(found[1].first_line(source), "update `t`");
}

#[test]
fn what_does_not_end_is_named_with_its_place() {
    assert_mistake(
        "SELECT 1;\nINSERT INTO t\n  VALUES ('é', 'abc);\n",
        MySql,
        "3:16: the text that begins with ' does not end: VALUES",
    );
    assert_mistake("SELECT \"a", PostgreSql, "1:8: the name that begins with \" does not end");
    assert_mistake("SELECT \"a", MySql, "the text that begins with \"");
    assert_mistake("SELECT `a", Sqlite, "the name that begins with `");
    assert_mistake("SELECT [a", Sqlite, "the name that begins with [");
    assert_mistake("SELECT /* 1", Sqlite, "1:8: the comment");
    assert_mistake("SELECT /* /* */ 1", PostgreSql, "1:8: the comment");
    assert_mistake("/*!40101 SELECT 1;", MySql, "1:1: the comment");
    assert_mistake("DO $a$ BEGIN END $b$;", PostgreSql, "1:4: the text that begins with $a$");
    assert_mistake("SELECT (1;\nSELECT 2;", PostgreSql, "1:8: the parenthesis");
    assert_mistake("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", Sqlite, "1:36: what begins here has no END");
    assert_mistake("CREATE PROCEDURE p() BEGIN SELECT 1;", MySql, "1:22: what begins here has no END");
    assert_mistake("SELECT 1;\n\\connect app", PostgreSql, "2:1: a command of psql");
    assert_mistake("SELECT 1;\n.tables", Sqlite, "2:1: a command of the sqlite3 program");
}

/// Pieces that may stand in a statement of every dialect; none ends it.
const PIECES: &[&str] = &[
    "a",
    "SELECT",
    "12.5",
    "'x;y'",
    "''",
    "'it''s'",
    "\"q;\"",
    "(",
    ")",
    ",",
    "=",
    "/* c; ' */",
    "-- c; '\n",
    "\n",
    "\r\n",
    " ",
    "*",
    "é中🙂",
    "'é🙂;'",
    "::",
    "@x",
];

proptest! {
    /// What is cut off between statements is space, comments and semicolons; the rest is as it was.
    #[test]
    fn nothing_is_lost(dialect in prop::sample::select(vec![MySql, PostgreSql, Sqlite]),
                       pieces in prop::collection::vec(prop::sample::select([PIECES, &[";", ";;\n"]].concat()), 0..60)) {
        let source = pieces.join(" ");
        let Ok(found) = split(&source, dialect) else { return Ok(()) };
        let mut at = 0;
        let mut between = String::new();
        for statement in &found {
            prop_assert!(statement.range.start >= at && !statement.range.is_empty());
            between.push_str(&source[at..statement.range.start]);
            at = statement.range.end;
            prop_assert_eq!(statement.line, source[..statement.range.start].matches('\n').count() + 1);
        }
        between.push_str(&source[at..]);
        let left = between.replace("/* c; ' */", "").replace("-- c; '\n", "").replace([';', ' ', '\r', '\n'], "");
        prop_assert_eq!(left, "");
    }

    /// Statements that were joined are found again.
    #[test]
    fn joining_is_undone(dialect in prop::sample::select(vec![MySql, PostgreSql, Sqlite]),
                         statements in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..12), 1..8)) {
        let statements: Vec<String> = statements.iter().map(|pieces| {
            let balanced: Vec<&str> = pieces.iter().copied().filter(|piece| !matches!(*piece, "(" | ")")).collect();
            format!("SELECT {} END_", balanced.join(" "))
        }).collect();
        let source = statements.iter().map(|text| format!("{text};\n")).collect::<String>();
        prop_assert_eq!(texts(&source, dialect), statements);
    }

    /// Whatever a file holds, it is read or refused.
    #[test]
    fn anything_can_be_read(dialect in prop::sample::select(vec![MySql, PostgreSql, Sqlite]), source in "(?s).{0,80}") {
        let _ = split(&source, dialect);
    }

    #[test]
    fn anything_of_sql_can_be_read(dialect in prop::sample::select(vec![MySql, PostgreSql, Sqlite]),
                                   source in "(?s)[-'\"`$\\\\/*#;()!a.\\[\\]\n BEGINDCASuéDELIMITER]{0,60}") {
        let _ = split(&source, dialect);
    }
}
