//! What the documentation says is so.

use std::path::Path;

use scenewright::recipe::{Drawing, parse, vocabulary};

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The blocks of RON in a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```ron\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_word_of_the_recipe_language_is_in_the_reference() {
    let page = page("docs/recipe.md");
    let words: Vec<&str> = page.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let known = vocabulary();
    assert!(known.len() > 30, "the vocabulary is not empty");
    for (form, fields) in known {
        let last = form.rsplit(' ').next().unwrap();
        assert!(form.contains('(') || words.contains(&last), "docs/recipe.md says nothing of {form}");
        for field in fields {
            assert!(words.contains(&field), "docs/recipe.md says nothing of `{field}` of {form}");
        }
    }
}

#[test]
fn every_recipe_in_the_reference_can_be_read() {
    let page = page("docs/recipe.md");
    let blocks = blocks(&page);
    let whole: Vec<&&str> = blocks.iter().filter(|block| block.contains("version:")).collect();
    assert!(!whole.is_empty());
    for block in whole {
        if let Err(problems) = parse(block, "docs/recipe.md", Path::new(env!("CARGO_MANIFEST_DIR"))) {
            panic!("{}", problems.render(Drawing::Plain));
        }
    }
    for block in blocks.iter().filter(|block| !block.contains("version:")) {
        // A fragment is one field of a recipe; the rest is put round it. What it refers to is on another part of the page.
        let rest = [
            ("image:", "image: (width: 64, height: 48)"),
            ("cameras:", "cameras: { \"main\": (lens: Fov(50), pose: LookAt((0, 1, 2), (0, 0, 0))) }"),
        ];
        let rest: Vec<&str> = rest
            .iter()
            .filter(|(name, _)| !block.lines().any(|line| line.starts_with(name)))
            .map(|(_, field)| *field)
            .collect();
        let text = format!("(version: 1, name: \"t\", {}, {block})", rest.join(", "));
        let found = parse(&text, "docs/recipe.md", Path::new("")).err();
        for problem in found.iter().flat_map(|problems| problems.iter()) {
            assert!(problem.message.starts_with("there is no "), "{}\n{block}", problem.message);
        }
    }
}

#[test]
fn every_exit_code_is_in_the_help_and_in_the_readme() {
    let (codes, help, readme) = (page("src/cli/exit.rs"), page("src/cli/args.rs"), page("README.md"));
    let help = help.split("Exit codes: ").nth(1).unwrap().split("\n\n").next().unwrap();
    let codes: Vec<&str> = codes
        .lines()
        .filter_map(|line| line.trim().strip_prefix("const ")?.split_once(": u8 = ")?.1.strip_suffix(';'))
        .collect();
    assert!(codes.len() >= 5, "{codes:?}");
    for code in codes {
        assert!(help.contains(&format!(" {code} ")), "--help says nothing of exit code {code}");
        assert!(readme.contains(&format!("| {code} |")), "README.md says nothing of exit code {code}");
    }
}
