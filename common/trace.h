/*  Traces: the W3C Trace Context (https://www.w3.org/TR/trace-context/) and the names of OpenTelemetry.
 *
 *  A traceparent is handed on as it is: from a request to the events that it causes, to the run that it starts, and to
 * what that run sends. Baton makes no spans of its own.
 */
#ifndef BATON_TRACE_H
#define BATON_TRACE_H

#include <stdbool.h>

#define TRACE_SIZE (2 + 1 + 32 + 1 + 16 + 1 + 2 + 1) /*  with the terminating NUL */

/*  Whether a text is a traceparent of a version that we know, with ids that are not all zero. One that isn't is to be
 *  ignored, as the standard says. NULL is none. */
bool trace_valid (const char *text);

/*  By which OpenTelemetry's libraries take it over from a parent process
 *  (https://opentelemetry.io/docs/specs/otel/context/env-carriers/). */
#define TRACE_VARIABLE "TRACEPARENT"

/*  What a run's own telemetry is to say of where it comes from: OTEL_RESOURCE_ATTRIBUTES has these, by the semantic
 *  conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/). */
#define OTEL_ATTRIBUTES "OTEL_RESOURCE_ATTRIBUTES"
#define OTEL_CONVERSATION "gen_ai.conversation.id" /*  the session */
#define OTEL_AGENT "gen_ai.agent.name"             /*  its agent */
#define OTEL_RUN "baton.run.number"
#define OTEL_INPUT_TOKENS "gen_ai.usage.input_tokens"
#define OTEL_OUTPUT_TOKENS "gen_ai.usage.output_tokens"

#endif
