/* One line a record on stderr, logfmt: ts=... level=info component=link msg="..." key=value.
 * Only the edges log (api, fleet, main, the agent's link and main). Thread-safe. */
#ifndef PEDILUVE_BASE_LOG_H
#define PEDILUVE_BASE_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_set_level(enum log_level least);
/* fmt gives the message; append key=value pairs to it after a '|':
 * log_info("link", "connected|host=%s port=%d", host, port). Newlines and quotes are escaped. */
void log_write(enum log_level level, const char *component, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
