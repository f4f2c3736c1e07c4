use proptest::prelude::*;

use super::*;

fn option(name: &str, values: &[&str]) -> ProductOption {
    ProductOption {
        name: name.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn form(rows: &[(&str, &str)]) -> OptionsForm {
    let at = |index: usize| rows.get(index).copied().unwrap_or_default();
    OptionsForm {
        option_1: at(0).0.to_owned(),
        values_1: at(0).1.to_owned(),
        option_2: at(1).0.to_owned(),
        values_2: at(1).1.to_owned(),
        option_3: at(2).0.to_owned(),
        values_3: at(2).1.to_owned(),
        version: String::new(),
    }
}

#[test]
fn options_are_typed_with_commas() {
    let options = form(&[(" Size ", "Small,  Large,"), ("", ""), ("釉", "青、 白")]).options();
    let expected = vec![
        option("Size", &["Small", "Large"]),
        option("釉", &["青", "白"]),
    ];
    assert_eq!(options, Ok(expected.clone()));
    assert_eq!(OptionsForm::of(&expected, 3).options(), Ok(expected));
    assert_eq!(form(&[]).options(), Ok(Vec::new()));
}

#[test]
fn what_is_wrong_with_options_is_said_at_its_field() {
    let many: String = (0..31).map(|number| format!("{number},")).collect();
    let eleven: String = (0..11).map(|number| format!("{number},")).collect();
    let long = "x".repeat(41);
    for (rows, field) in [
        (vec![("", "Small")], "option_1"),
        (vec![(long.as_str(), "Small")], "option_1"),
        (vec![("Size", " , ")], "values_1"),
        (vec![("Size", "Small, Small")], "values_1"),
        (vec![("Size", long.as_str())], "values_1"),
        (vec![("Size", many.as_str())], "values_1"),
        (vec![("Size", "Small"), ("Size", "Large")], "option_2"),
        (
            vec![("Size", eleven.as_str()), ("Glaze", eleven.as_str())],
            "values_2",
        ),
    ] {
        assert_eq!(
            form(&rows).options().expect_err(field).field,
            field,
            "{rows:?}"
        );
    }
}

#[test]
fn variants_follow_their_values() {
    let size = option("Size", &["Small", "Large"]);
    let glaze = option("Glaze", &["Ash", "Iron"]);
    let sizes = [size.clone()];
    let small = texts(&["Small"]);
    let carried = |old: &[ProductOption], new: &[ProductOption], values: &[String]| {
        super::carried(old, new, values)
    };
    assert_eq!(
        carried(&[], &sizes, &[]),
        Some(small.clone()),
        "what had no options is the first of them"
    );
    let both = [size.clone(), glaze.clone()];
    assert_eq!(
        carried(&sizes, &both, &small),
        Some(texts(&["Small", "Ash"]))
    );
    let turned = [glaze.clone(), size.clone()];
    assert_eq!(
        carried(&both, &turned, &texts(&["Large", "Iron"])),
        Some(texts(&["Iron", "Large"]))
    );
    let renamed = [option("Grösse", &["S", "Large"])];
    assert_eq!(carried(&sizes, &renamed, &small), Some(texts(&["S"])));
    let fewer = [option("Size", &["Large"])];
    assert_eq!(carried(&sizes, &fewer, &small), None, "its value is gone");
    assert_eq!(
        carried(&sizes, &fewer, &texts(&["Large"])),
        Some(texts(&["Large"]))
    );
    assert_eq!(carried(&sizes, &[], &small), Some(Vec::new()));
}

#[test]
fn a_row_is_checked_field_by_field() {
    let row = |price: &str, sku: &str, stock: &str| VariantForm {
        variant: "v1".parse().expect("an id"),
        price: price.to_owned(),
        sku: sku.to_owned(),
        stock: stock.to_owned(),
        stock_seen: "2".to_owned(),
    };
    let edit = row("41,50", " CUP-L ", "3")
        .checked(Currency::EUR)
        .expect("fits");
    assert_eq!(
        (edit.price.map(|price| price.minor), edit.sku.as_str()),
        (Some(4150), "CUP-L")
    );
    assert_eq!((edit.stock, edit.stock_seen), (Some(3), Some(2)));
    assert_eq!(
        row("", "", "").checked(Currency::EUR).expect("fits").price,
        None
    );
    for (bad, field) in [
        (row("0", "", ""), "price"),
        (row("-1", "", ""), "price"),
        (row("dear", "", ""), "price"),
        (row("", &"x".repeat(65), ""), "sku"),
        (row("", "", "-1"), "stock"),
    ] {
        assert_eq!(bad.checked(Currency::EUR).expect_err(field).field, field);
    }
}

fn some_options() -> impl Strategy<Value = Vec<ProductOption>> {
    let values = || proptest::sample::subsequence(vec!["a", "b", "c", "d"], 1..4).prop_shuffle();
    (
        proptest::sample::subsequence(vec!["Size", "Glaze", "Handle"], 0..=3).prop_shuffle(),
        proptest::collection::vec(values(), 3),
    )
        .prop_map(|(names, values)| {
            let pairs = names.into_iter().zip(values);
            pairs.map(|(name, values)| option(name, &values)).collect()
        })
}

proptest! {
    #[test]
    fn a_carried_variant_is_one_of_the_new_ones(old in some_options(), new in some_options()) {
        let made = combinations(&new);
        for values in combinations(&old) {
            if let Some(values) = carried(&old, &new, &values) {
                prop_assert!(made.contains(&values), "{values:?} of {new:?}");
            }
        }
    }

    #[test]
    fn the_same_options_move_nothing(options in some_options()) {
        let made = combinations(&options);
        prop_assert_eq!(made.len(), options.iter().map(|option| option.values.len()).product::<usize>());
        for values in made {
            prop_assert_eq!(carried(&options, &options, &values), Some(values));
        }
    }

    #[test]
    fn any_form_is_judged(option_1: String, values_1: String, option_2: String, values_2: String) {
        let form = OptionsForm { option_1, values_1, option_2, values_2, ..OptionsForm::default() };
        if let Ok(options) = form.options() {
            prop_assert!((1..=MOST_VARIANTS).contains(&combinations(&options).len()));
            prop_assert_eq!(OptionsForm::of(&options, 1).options(), Ok(options));
        }
    }
}
