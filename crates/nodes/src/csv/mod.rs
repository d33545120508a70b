use casare_engine::Node;

pub(crate) fn nodes() -> Vec<Node> {
    vec![]
}
