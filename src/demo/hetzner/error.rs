//! The API's error answers: status, code, message and details as the documentation lists them.

use serde_json::{Value, json};
use std::borrow::Cow;

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
    /// Boxed: errors are passed up through many results.
    details: Option<Box<Value>>,
}

impl ApiError {
    /// An error without details.
    pub(super) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> ApiError {
        ApiError {
            status,
            code: code.into(),
            message: message.into(),
            details: None,
        }
    }

    fn with(mut self, details: Value) -> ApiError {
        self.details = Some(Box::new(details));
        self
    }

    /// Nothing of that kind has this id or name.
    pub(super) fn not_found(kind: &str, id: impl std::fmt::Display) -> ApiError {
        let message = format!("{kind} with ID '{id}' not found");
        ApiError::new(404, "not_found", message)
    }

    /// No such path.
    pub(super) fn no_route() -> ApiError {
        ApiError::new(
            404,
            "not_found",
            "the requested resource could not be found",
        )
    }

    /// The path takes other methods.
    pub(super) fn method() -> ApiError {
        let message = "the request method is not allowed";
        ApiError::new(405, "method_not_allowed", message)
    }

    /// One field cannot be taken.
    pub(super) fn field(name: &str, message: impl Into<String>) -> ApiError {
        ApiError::fields(vec![(name.to_owned(), message.into())])
    }

    /// Fields that cannot be taken, with what is wrong of each.
    pub(super) fn fields(fields: Vec<(String, String)>) -> ApiError {
        let told = fields.first().map_or_else(
            || "invalid input".to_owned(),
            |(name, message)| format!("invalid input in field '{name}': {message}"),
        );
        let fields: Vec<Value> = fields
            .into_iter()
            .map(|(name, message)| json!({"name": name, "messages": [message]}))
            .collect();
        let error = ApiError::new(422, "invalid_input", told);
        error.with(json!({ "fields": fields }))
    }

    /// Another one has this value already.
    pub(super) fn taken(field: &str, message: impl Into<String>) -> ApiError {
        let error = ApiError::new(409, "uniqueness_error", message);
        error.with(json!({"fields": [{ "name": field }]}))
    }

    /// The project holds as many as it may.
    pub(super) fn limit(name: &str) -> ApiError {
        let error = ApiError::new(403, "resource_limit_exceeded", format!("{name} exceeded"));
        error.with(json!({"limits": [{ "name": name }]}))
    }

    /// The endpoint is gone.
    pub(super) fn gone(announcement: &str) -> ApiError {
        let message = "API functionality was removed";
        let error = ApiError::new(410, "deprecated_api_endpoint", message);
        error.with(
            json!({"announcement": format!("https://docs.hetzner.cloud/changelog#{announcement}")}),
        )
    }

    /// An action is running already.
    pub(super) fn locked(kind: &str) -> ApiError {
        ApiError::new(423, "locked", format!("{kind} is locked"))
    }

    /// The resource has its protection on.
    pub(super) fn protected(kind: &str, what: &str) -> ApiError {
        let message = format!("{kind} is protected against {what}");
        ApiError::new(423, "protected", message)
    }

    /// It changed while being asked.
    pub(super) fn conflict(kind: &str) -> ApiError {
        let message = format!("{kind} has changed during the request, please retry");
        ApiError::new(409, "conflict", message)
    }

    /// The request cannot be fulfilled for a reason of the service.
    pub(super) fn service(message: impl Into<String>) -> ApiError {
        ApiError::new(422, "service_error", message)
    }

    /// The answer's body.
    pub(super) fn body(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message, "details": self.details}})
    }
}
