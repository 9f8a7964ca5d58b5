# R's segmented on the broken line of bench/fit.c: median microseconds of CPU time, version, rss, break.
# usage: Rscript fit_segmented.R      exit 3: segmented is not installed
if (!suppressWarnings(suppressMessages(require(segmented, quietly = TRUE)))) quit(status = 3)
i <- 0:11
x <- log(256) + i * log(2)
y <- 2 - 0.05 * x + 2 * pmax(0, x - 9.6) + 0.05 * sin(5 * i)
d <- data.frame(x = x, y = y)
one <- function() segmented(lm(y ~ x, data = d), seg.Z = ~x, psi = 9.3)
set.seed(1)
fit <- one()
took <- replicate(7, system.time(for (k in 1:10) one())[["user.self"]] / 10)
cat(sprintf("%.1f %s %.12g %.12g\n", 1e6 * median(took), packageVersion("segmented"), sum(residuals(fit)^2),
            fit$psi[1, "Est."]))
