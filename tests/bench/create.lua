-- wrk: one session for each device of PEDILUVE_BENCH_DEVICES (one id a line); then it only reads, and is not counted.
local token, thread_count, made = os.getenv("PEDILUVE_TOKEN"), 0, 0
local threads = {}

function setup(thread)
  thread:set("index", thread_count)
  thread_count = thread_count + 1
  table.insert(threads, thread)
end

function init()
  ids, at = {}, index + 1
  for line in io.lines(os.getenv("PEDILUVE_BENCH_DEVICES")) do ids[#ids + 1] = line end
  step, created, other = tonumber(os.getenv("PEDILUVE_BENCH_THREADS")), 0, 0
end

function request()
  local id = ids[at]
  at = at + step
  if not id then
    wrk.thread:stop()
    return wrk.format("GET", "/healthz")
  end
  return wrk.format("POST", "/api/v1/sessions",
    { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" },
    '{"device_id":"' .. id .. '","routine":"relax-10","intake":{"none_apply":true}}')
end

function response(status)
  if status == 201 then created = created + 1 elseif status ~= 200 then other = other + 1 end
end

function done(summary, latency)
  local created, other = 0, 0
  for _, thread in ipairs(threads) do
    created, other = created + thread:get("created"), other + thread:get("other")
  end
  print(string.format('RESULT {"created":%d,"other":%d,"seconds":%.4f,"p50_ms":%.3f,"p99_ms":%.3f}', created, other,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
